from __future__ import annotations

import pytest

import notify
from notify import Kind, isolate
from notify.changes import Locale
from notify.inbox import reading, renderings
from notify.templatetags.notify import notify_plain

HEBREW = "\N{HEBREW LETTER ALEF}"


class Isolated(Kind):
    key = "tests.isolated"

    name: str

    def title(self) -> str:
        return f"From {isolate(self.name)}, again"


def test_a_name_is_isolated_and_stays_so_on_the_page():
    text = f"From {isolate(HEBREW)}, {isolate(7)}"
    assert text == f"From \u2068{HEBREW}\u2069, \u20687\u2069"
    assert notify_plain(text) == text


def test_what_turns_the_direction_around_does_not_stay():
    for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069":
        assert notify_plain(f"a{mark}b") == "ab"
    odd = "\u2068a\u202eb\u2069\u2069 \u2068\u2068c\u2069"
    assert notify_plain(odd) == "\u2068ab\u2069 \u2068c\u2069"


@pytest.mark.django_db(transaction=True)
def test_what_is_isolated_is_found_as_it_is_typed(ada):
    notify.send(Isolated(name="Ada"), to=ada)
    page = reading.page(str(ada.pk), q="from Ada,")
    assert page is not None
    assert [row["title"] for row in page.rows] == ["From Ada, again"]
    [shown] = renderings.in_locale(page, Locale("en", "UTC")).rows
    assert shown["title"] == "From \u2068Ada\u2069, again"
