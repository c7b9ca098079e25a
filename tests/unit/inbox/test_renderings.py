"""Rows of kinds in the language of who reads them."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy

import notify
from notify.changes import Locale, TypedRow
from notify.inbox import reading, renderings
from notify.kinds import registry
from tests.unit.inbox.helpers import key
from tests.unit.kinds.examples import InItsLanguage, OrderShipped

pytestmark = pytest.mark.django_db(transaction=True)

ENGLISH, GERMAN = Locale("en", "UTC"), Locale("de", "UTC")
AS_SENT: dict[str, Any] = {"title": "As sent", "body": "", "url": None, "actions": [], "data": {}}


class Meeting(notify.Kind):
    key = "tests.meeting"

    at: datetime

    def title(self) -> str:
        return date_format(localtime(self.at), "DATETIME_FORMAT")


class Odd(notify.Kind):
    """Says what its field is the name of."""

    key = "tests.odd"

    way: str

    def title(self) -> Any:
        titles: dict[str, Any] = {
            "lazy": gettext_lazy("Archive"),
            "long": "x" * 10_000,
            "NUL": "a\0b",
            "blank": " ",
            "no text": 7,
        }
        if self.way == "raises":
            raise RuntimeError("cannot be said")
        return titles.get(self.way, "Odd")

    def url(self) -> str | None:
        return "javascript:alert(1)" if self.way == "script" else None

    def data(self) -> Mapping[str, Any]:
        return {"lazy": gettext_lazy("Archive")} if self.way == "lazy data" else {}


@pytest.fixture(autouse=True)
def no_line_was_logged_before() -> Iterator[None]:
    renderings._logged_at.clear()
    yield
    renderings._logged_at.clear()


def row_of(kind: str, **params: Any) -> TypedRow:
    return TypedRow({"id": 1, "kind": kind, **AS_SENT}, json.dumps(params))


def test_each_reads_what_was_sent_in_their_own_language(ada) -> None:
    notify.send(InItsLanguage(), to=ada)
    notify.send(to=ada, title="As written")
    [page] = reading.resets([key(ada)])
    assert page is not None
    titles = {
        locale: [row["title"] for row in renderings.in_locale(page, locale).rows]
        for locale in (ENGLISH, GERMAN)
    }
    assert titles == {
        ENGLISH: ["As written", "Archive"],
        GERMAN: ["As written", "Archivieren"],
    }
    assert [row["title"] for row in page.rows] == ["As written", "Archive"]


def test_all_texts_and_the_data_are_made_anew() -> None:
    row = row_of(OrderShipped.key, number="A-7", items=2)
    shown = renderings.shown(row, GERMAN)
    assert shown == {
        "id": 1,
        "kind": OrderShipped.key,
        "title": "2 items",
        "body": "A-7",
        "url": "/orders/A-7/",
        "actions": [{"label": "Archivieren", "url": "/orders/A-7/"}],
        "data": {"number": "A-7"},
    }


def test_no_browser_gets_the_fields(ada) -> None:
    notify.send(OrderShipped(number="A-7", items=1_234_567), to=ada)
    [page] = reading.resets([key(ada)])
    assert page is not None
    for rows in (page.rows, renderings.in_locale(page, GERMAN).rows):
        assert "items" not in json.dumps([{**row, "title": ""} for row in rows])


def test_a_time_is_told_in_the_zone_of_the_reader_and_is_all_that_depends_on_it() -> None:
    at = datetime(2026, 3, 1, 23, 30, tzinfo=UTC).isoformat()
    titles = [
        renderings.shown(row_of(Meeting.key, at=at), Locale(language, zone))["title"]
        for language, zone in [("en", "UTC"), ("en", "Asia/Kathmandu"), ("de", "Asia/Kathmandu")]
    ]
    assert titles == [
        "March 1, 2026, 11:30 p.m.",
        "March 2, 2026, 5:15 a.m.",
        "2. März 2026 05:15",
    ]
    renderings._texts.cache_clear()
    for zone in ("UTC", "Asia/Kathmandu"):
        renderings.shown(row_of(InItsLanguage.key), Locale("de", zone))
    assert renderings._texts.cache_info().misses == 1


@pytest.mark.parametrize(
    "way", ["raises", "lazy", "long", "NUL", "blank", "no text", "script", "lazy data"]
)
def test_what_could_not_be_sent_is_shown_as_it_was_sent_with_one_line_a_minute(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "notify.inbox.renderings"):
        for _ in range(3):
            shown = renderings.shown(row_of(Odd.key, way=way), GERMAN)
            assert shown == {"id": 1, "kind": Odd.key, **AS_SENT}
    [record] = caplog.records
    assert Odd.key in record.message
    assert ("test_renderings.py" in record.message) is (way == "raises")
    assert "alert" not in record.message
    assert type(shown) is dict


def test_the_line_about_a_lazy_text_names_the_cure(caplog: pytest.LogCaptureFixture) -> None:
    for way in ("lazy", "lazy data"):
        renderings._logged_at.clear()
        renderings.shown(row_of(Odd.key, way=way), GERMAN)
    titles, data = (record.message for record in caplog.records)
    assert "title: is a lazy object. Return a text: use gettext, not gettext_lazy" in titles
    assert "data: is a lazy object" in data


@pytest.mark.parametrize(
    "params",
    [{}, {"way": 7}, {"way": None}],
    ids=["a field that came without a default", "another type", "no longer optional"],
)
def test_a_row_that_its_kind_can_no_longer_read_is_shown_as_it_was_sent(params: Any) -> None:
    assert renderings.shown(row_of(Odd.key, **params), GERMAN)["title"] == "As sent"


def test_a_field_that_went_is_left_out() -> None:
    row = row_of(InItsLanguage.key, gone=1)
    assert renderings.shown(row, GERMAN)["title"] == "Archivieren"


def test_a_process_without_the_kind_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {})
    shown = renderings.shown(row_of(InItsLanguage.key), GERMAN)
    assert shown == {"id": 1, "kind": InItsLanguage.key, **AS_SENT, "fallback": True}


def test_what_was_recalled_says_nothing_in_any_language(ada) -> None:
    notice = notify.send(InItsLanguage(), to=ada)
    notify.recall(notice.pk)
    [row] = [
        row
        for one in reading.changes([(key(ada), notify.changes.Cursor(_epoch(ada), 1))])
        if one is not None
        for row in renderings.in_locale(one, GERMAN).rows
    ]
    assert (row["title"], row["data"]) == ("", {})


def _epoch(ada: Any) -> str:
    return reading.heads([key(ada)])[key(ada)].epoch


def changing(**fields: Any) -> None:
    """Declares "tests.changing" with these fields, each a default, or a type that has none."""
    defaults = {name: one for name, one in fields.items() if not isinstance(one, type)}
    hints = {name: type(defaults[name]) if name in defaults else fields[name] for name in fields}
    type(
        "Changing",
        (notify.Kind,),
        {
            "key": "tests.changing",
            "title": lambda self: get_language(),
            "__annotations__": hints,
            "__module__": __name__,
            "__qualname__": "Changing",
            **defaults,
        },
    )


@pytest.mark.parametrize(
    ("changed", "title"),
    [
        (lambda: None, "de"),
        (changing, "de"),
        (lambda: changing(one="", new="with a default"), "de"),
        (lambda: changing(one="", new=str), "en"),
        (lambda: changing(one=int), "en"),
        (lambda: registry._kinds.pop("tests.changing"), "en"),
    ],
    ids=["as it was", "a field went", "one came", "without a default", "retyped", "deleted"],
)
def test_a_stored_row_is_read_whatever_became_of_its_kind(
    changed: Any, title: str, ada, client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    changing(one="a")
    notify.send(registry._kinds["tests.changing"](), to=ada)
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
    changed()
    client.force_login(ada)
    page = client.get("/api/notify/inbox/", {"language": "de"}).json()
    assert [row["title"] for row in page["notifications"]] == [title]
    assert client.get("/notify/", headers={"Accept-Language": "de"}).status_code == 200


def test_each_kind_that_fails_has_a_line_of_its_own_and_another_after_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(f"{renderings.__name__}.time", SimpleNamespace(monotonic=lambda: now[0]))
    logged = []
    for passed in (0, 59, 1, 59):
        now[0] += passed
        for kind in (Odd, Meeting):
            renderings.shown(row_of(kind.key, way="raises"), GERMAN)
        logged.append(len(caplog.records))
    assert logged == [2, 2, 4, 4]
    assert [key in caplog.text for key in (Odd.key, Meeting.key)] == [True, True]
