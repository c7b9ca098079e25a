from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

import notify
from notify import sql
from notify.changes import Locale
from notify.inbox import reading
from notify.web import inbox_page

ENGLISH = Locale("en", "UTC")

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_who_has_no_inbox_has_no_page(ada: User) -> None:
    assert inbox_page.read_page(str(ada.pk), ENGLISH) is None


@pytest.mark.parametrize(
    ("wanted", "limited"),
    [
        ({}, []),
        ({"category": "", "level": None}, []),
        ({"q": "one"}, [5.0]),
        ({"level": "error"}, [5.0]),
    ],
)
def test_only_a_search_is_limited(
    ada: User, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any], limited: list[float]
) -> None:
    notify.send(to=ada, title="One", level="error")
    found: list[float] = []
    within = sql.statements_end_within

    def note(seconds: float) -> Any:
        found.append(seconds)
        return within(seconds)

    monkeypatch.setattr(sql, "statements_end_within", note)
    page = inbox_page.read_page(str(ada.pk), ENGLISH, **wanted)
    assert page is not None
    assert [row["title"] for row in page.rows] == ["One"]
    assert found == limited


def test_its_json_has_what_the_client_starts_from(ada: User) -> None:
    notify.send(to=ada, title="One")
    page = reading.page(str(ada.pk))
    assert page is not None
    found = inbox_page.page_json(page)
    assert (found["version"], found["unseen"], found["unread"]) == (1, 1, 1)
    assert found["epoch"] == page.epoch
    assert found["notifications"] == page.rows
