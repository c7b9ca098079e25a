"""The page of the metrics."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import OperationalError

from notify import metrics
from notify.inbox import backlog
from notify.live import health
from notify.web.probes import metrics as page


@pytest.fixture
def registered():
    """Metrics that a test registers are gone afterwards."""
    counters, histograms = list(metrics.counters), list(metrics.histograms)
    yield
    metrics.counters[:], metrics.histograms[:] = counters, histograms


def sample(text, line):
    """The value of this sample."""
    [found] = [row for row in text.splitlines() if row.startswith(f"{line} ")]
    return float(found.rpartition(" ")[2])


@pytest.mark.django_db
def test_the_page_shows_counters_and_cumulative_histograms(client, settings, registered):
    settings.NOTIFY_METRICS_TOKEN = "t"
    metrics.Counter("test_things", "Things.", "kind").add("odd", 3)
    histogram = metrics.Histogram("test_seconds", "Seconds.", (1, 2))
    for value in (0.5, 1.5, 99):
        histogram.observe(value)
    shown = client.get("/metrics", headers={"Authorization": "Bearer t"}).content.decode()
    assert sample(shown, 'test_things_total{kind="odd"}') == 3
    assert sample(shown, 'test_seconds_bucket{le="1"}') == 1
    assert sample(shown, 'test_seconds_bucket{le="2"}') == 2
    assert sample(shown, 'test_seconds_bucket{le="+Inf"}') == 3
    assert sample(shown, "test_seconds_count") == 3
    assert sample(shown, "test_seconds_sum") == 101
    assert sample(shown, "notify_sockets") == 0
    assert sample(shown, "notify_batches_open") == 0


@pytest.mark.django_db
def test_a_database_that_hangs_is_down_and_is_not_asked_more(client, settings, monkeypatch):
    settings.NOTIFY_METRICS_TOKEN = "t"
    monkeypatch.setattr(health, "database_answers", lambda: False)
    monkeypatch.setattr(backlog, "figures", pytest.fail)
    shown = client.get("/metrics", headers={"Authorization": "Bearer t"}).content.decode()
    assert sample(shown, "notify_database_up") == 0
    assert sample(shown, 'notify_sockets_closed_total{code="4508"}') >= 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("authorization", "token", "status"),
    [
        (None, None, 403),
        (None, "t", 403),
        ("Bearer wrong", "t", 403),
        ("Bearer ", "t", 403),
        ("Basic t", "t", 403),
        ("Bearer None", None, 403),
        ("Bearer t", "t", 200),
        ("bearer t", "t", 200),
    ],
)
def test_the_page_wants_the_token(client, settings, authorization, token, status):
    settings.NOTIFY_METRICS_TOKEN = token
    headers = {"Authorization": authorization} if authorization else {}
    assert client.get("/metrics", headers=headers).status_code == status


@pytest.mark.django_db
def test_or_a_user_who_may_see_operations(client, make_user):
    ada = make_user("ada")
    client.force_login(ada)
    assert client.get("/metrics").status_code == 403
    ada.user_permissions.add(Permission.objects.get(codename="view_operations"))
    assert client.get("/metrics").status_code == 200


@pytest.mark.django_db
def test_without_prometheus_client_the_page_says_what_to_install(client, settings, monkeypatch):
    settings.NOTIFY_METRICS_TOKEN = "t"
    monkeypatch.setattr(page, "prometheus_client", None)
    answer = client.get("/metrics", headers={"Authorization": "Bearer t"})
    assert answer.status_code == 501
    assert b"django-notify-live[metrics]" in answer.content


@pytest.mark.django_db
def test_what_became_of_messages_is_by_its_label(client, settings, monkeypatch):
    settings.NOTIFY_METRICS_TOKEN = "t"
    tallies = {"notify_outbox_messages": {"handed": 2, "unknown": 0}, "notify_outbox_skipped": {}}
    monkeypatch.setattr(backlog, "outbox_tallies", lambda: tallies)
    shown = client.get("/metrics", headers={"Authorization": "Bearer t"}).content.decode()
    assert sample(shown, 'notify_outbox_messages{state="handed"}') == 2
    assert sample(shown, 'notify_outbox_messages{state="unknown"}') == 0


@pytest.mark.django_db
def test_a_database_that_counts_the_outbox_too_slowly_is_up(client, settings, monkeypatch):
    settings.NOTIFY_METRICS_TOKEN = "t"

    def too_slow():
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(backlog, "outbox_tallies", too_slow)
    shown = client.get("/metrics", headers={"Authorization": "Bearer t"}).content.decode()
    assert sample(shown, "notify_database_up") == 1
    assert "notify_outbox" not in shown
