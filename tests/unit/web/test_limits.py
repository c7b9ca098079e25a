"""Limits per user, and an unavailable database."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from django.db import OperationalError

from notify import metrics, sql
from notify.web import inbox_page, limits
from notify.web.refusals import unavailable

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

DASHBOARD = "/notify/"
SEARCHES = [{"q": "words"}, {"category": "ops"}, {"level": "error"}]


@pytest.fixture
def page(client, ada):
    client.force_login(ada)
    return client


@pytest.fixture
def searching(ada):
    """The maximum of ada's searches is running."""
    with ExitStack() as stack:
        for _ in range(limits.MAX_CONCURRENT_SEARCHES):
            stack.enter_context(limits.searches.slot(str(ada.pk)))
        yield


@pytest.mark.parametrize("query", SEARCHES)
def test_a_third_search_at_once_is_put_off_and_nothing_else(
    ada, make_user, by_session, searching, query
):
    refused = by_session(ada).get("inbox/", **query)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == "rate_limited"
    assert int(refused["Retry-After"]) == 1
    assert by_session(ada).get("inbox/").status_code == 200
    assert by_session(make_user("bob")).get("inbox/", **query).status_code == 200


@pytest.mark.parametrize("query", SEARCHES)
def test_a_third_search_on_the_page_is_refused_in_html(page, searching, query):
    refused = page.get(DASHBOARD, query)
    assert refused.status_code == 429
    assert refused["Retry-After"] == "1"
    assert refused["Cache-Control"] == "no-store"
    html = refused.content.decode()
    assert "<h1>Too many requests</h1>" in html
    assert "Try again in 1 second." in html
    assert page.get(DASHBOARD).status_code == 200


def test_a_finished_search_frees_its_slot(ada, by_session):
    for _ in range(limits.MAX_CONCURRENT_SEARCHES + 1):
        assert by_session(ada).get("inbox/", q="words").status_code == 200
    with pytest.raises(ZeroDivisionError), limits.searches.slot(str(ada.pk)):
        raise ZeroDivisionError
    assert not limits.searches._counts


@pytest.mark.parametrize("path", [DASHBOARD, "/notify/operations/"])
def test_pages_are_counted_together_with_the_api(page, ada, by_session, monkeypatch, path):
    monkeypatch.setattr(limits, "requests", limits.RateLimit(2))
    assert by_session(ada).get("inbox/").status_code == 200
    assert page.get(path).status_code in {200, 403}
    hit_before = metrics.LIMITS.values["requests"]
    refused = page.get(path)
    assert refused.status_code == 429
    assert metrics.LIMITS.values["requests"] == hit_before + 1
    assert 0 < int(refused["Retry-After"]) <= 60
    assert "Too many requests" in refused.content.decode()


def test_the_next_window_of_a_rate_limit_is_free_again():
    now = 100.0
    limit = limits.RateLimit(1, period_s=60, clock=lambda: now)
    assert limit.count("ada") is None
    now = 130.0
    assert limit.count("ada") == 30
    now = 160.0
    assert limit.count("ada") is None


@pytest.mark.postgres
def test_a_search_that_takes_too_long_ends_and_is_told_so(page, ada, by_session, monkeypatch):
    monkeypatch.setattr(inbox_page, "SEARCH_TIMEOUT_S", 0.05)
    monkeypatch.setattr(
        "notify.inbox.reading.page", lambda *_, **__: sql.execute("SELECT pg_sleep(20)")
    )
    answer = by_session(ada).get("inbox/", q="words")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert int(answer["Retry-After"]) == 5
    assert page.get(DASHBOARD, {"q": "words"}).status_code == 503
    assert sql.fetch("SHOW statement_timeout") == [("0",)]


def away(*_args, **_kwargs):
    raise OperationalError("couldn't get a connection after 10.00 sec")


SESSION = "django.contrib.sessions.backends.db.SessionStore.load"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (DASHBOARD, "notify.inbox.reading.page"),
        (DASHBOARD, SESSION),
        ("/notify/operations/", SESSION),
        ("/metrics", SESSION),
        ("/admin/", SESSION),
    ],
)
def test_without_a_database_a_page_is_503_and_one_line(page, monkeypatch, caplog, path, where):
    monkeypatch.setattr(where, away)
    answer = page.get(path)
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "<h1>Temporarily unavailable</h1>" in answer.content.decode()
    assert not [record for record in caplog.records if record.exc_info]
    assert any("answered with 503" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("call", ["get inbox/", "post ticket/", "get inbox/categories/"])
def test_without_a_database_the_api_is_503_and_one_line(ada, by_session, monkeypatch, caplog, call):
    caller = by_session(ada)
    method, path = call.split()
    monkeypatch.setattr(SESSION, away)
    answer = getattr(caller, method)(path)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"
    assert int(answer["Retry-After"]) == 5
    assert not [record for record in caplog.records if record.exc_info]


def test_without_a_database_a_test_is_503(page, monkeypatch):
    monkeypatch.setattr(SESSION, away)
    answer = page.post("/notify/test/")
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "unavailable"


def test_an_error_that_is_not_an_outage_is_raised_again():
    with pytest.raises(OperationalError, match="no such table"):
        unavailable(OperationalError("no such table: notify_inbox"))
