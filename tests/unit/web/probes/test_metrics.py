"""Counting, and the page that shows it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission

from notify import metrics
from notify.live import events
from notify.log_filters import RedisIsAway
from notify.web.probes import metrics as page


@pytest.fixture
def registered():
    """What a test makes is not shown afterwards."""
    counters, histograms = list(metrics.counters), list(metrics.histograms)
    yield
    metrics.counters[:], metrics.histograms[:] = counters, histograms


def sample(text, line):
    """The value of the sample that begins so."""
    [found] = [row for row in text.splitlines() if row.startswith(f"{line} ")]
    return float(found.rpartition(" ")[2])


def test_a_histogram_counts_each_number_in_the_first_bucket_that_holds_it(registered):
    histogram = metrics.Histogram("t", "t", (1, 2))
    for value in (0.5, 1, 1.5, 3):
        histogram.observe(value)
    histogram.observe(2, n=10)
    assert histogram.counts == [2, 11, 1]
    assert histogram.total == 26


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


# Log lines


def test_an_event_is_one_line_of_names_and_values(caplog):
    with caplog.at_level("INFO", "notify.sockets"):
        events.log("closed", id="ab12", user="7", code=4401, seconds=1.23456, latency=None)
    assert caplog.messages == ["closed id=ab12 user=7 code=4401 seconds=1.235"]


@pytest.mark.parametrize(
    "evil",
    [
        "x\nERROR forged line",
        "x\r\nERROR forged line",
        "x user=admin",
        'x" user="admin',
        "x\x1b[2J",
        "x\u2028ERROR",
        "x\x85ERROR",
        "=" * 5000,
    ],
)
def test_no_value_can_begin_a_line_or_look_like_another_field(caplog, evil):
    with caplog.at_level("INFO", "notify.sockets"):
        events.log("refused", origin=evil, why="origin")
    [line] = caplog.messages
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert line.endswith(" why=origin")
    assert line.startswith('refused origin="')
    assert len(line) < 1300


# The filter


def test_an_outage_of_redis_is_dropped_and_anything_else_is_not():
    redis = pytest.importorskip("redis")

    def passes(error):
        record = logging_record(error)
        return RedisIsAway().filter(record)

    assert not passes(redis.ConnectionError("refused"))
    assert not passes(redis.TimeoutError())
    assert not passes(ConnectionResetError())
    assert passes(redis.ResponseError("WRONGTYPE"))
    assert passes(ValueError("a bug"))
    assert passes(None)


def logging_record(error):
    import logging

    info = (type(error), error, None) if error is not None else None
    return logging.LogRecord("channels_redis.pubsub", logging.ERROR, "", 1, "failed", (), info)
