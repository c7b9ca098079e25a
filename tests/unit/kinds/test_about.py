"""What a notice is about."""

from __future__ import annotations

from uuid import UUID

import pytest

import notify
from notify import About, InvalidNotice, Kind
from notify.changes import Cursor, Locale
from notify.inbox import reading, renderings
from notify.inbox.rows import notice_row
from notify.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)


def commented(answer):
    class Commented(Kind):
        key = "shop.commented"

        def title(self) -> str:
            return "A comment"

        def about(self):
            return answer

    return Commented()


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (About("order", "A-7"), "A-7"),
        (About("order", 7), "7"),
        (About("order", UUID(int=7)), str(UUID(int=7))),
        (("order", "x" * 200), "x" * 200),
    ],
)
def test_it_is_stored_and_told_with_each_row(ada, answer, key):
    notice = notify.send(commented(answer), to=ada)
    [row] = reading.page(str(ada.pk)).rows
    assert row["about"] == notice_row(notice)["about"] == {"type": "order", "id": key}
    assert renderings.shown(row, Locale("de", "UTC"))["about"] == row["about"]
    stored = Notice.objects.get()
    assert (stored.about_type, stored.about_id) == ("order", key)


def test_most_are_about_nothing_and_their_rows_say_so_by_saying_nothing(ada):
    notify.send(commented(None), to=ada)
    notify.send(to=ada, title="Hello")
    assert not any("about" in row for row in reading.page(str(ada.pk)).rows)
    assert set(Notice.objects.values_list("about_type", "about_id")) == {(None, None)}


@pytest.mark.parametrize(
    "answer",
    [
        "order",
        ["order", 7],
        ("order",),
        ("order", None),
        ("order", True),
        ("order", 7.5),
        ("", 7),
        ("order", ""),
        ("order", "\u200b"),
        ("x" * 101, 7),
        ("order", "x" * 201),
        ("order", "\0"),
        (7, 7),
    ],
    ids=repr,
)
def test_what_names_no_thing_is_refused(ada, answer):
    with pytest.raises(InvalidNotice, match="about"):
        notify.send(commented(answer), to=ada)


def test_with_a_key_it_is_no_other_notice_if_the_kind_says_it_otherwise_by_now(ada):
    first = notify.send(commented(About("order", 7)), to=ada, key="k")
    assert notify.send(commented(About("parcel", 7)), to=ada, key="k").pk == first.pk


def test_a_recalled_row_does_not_say_it(ada):
    notice = notify.send(commented(About("order", 7)), to=ada)
    since = reading.page(str(ada.pk))
    notify.recall(notice)
    [after] = reading.changes([(str(ada.pk), Cursor(since.epoch, since.version))])
    assert "about" not in after.rows[0]
