"""What a form of preferences asks to change."""

from __future__ import annotations

from datetime import time

import pytest
from django.http import QueryDict

from notify.web.pages.preference_form import Choice, choices_in, quiet_in, zone_in


def post(**fields: str) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update(fields)
    return query


def test_only_the_cells_that_were_changed_are_written():
    fields = post(
        **{
            "set.inbox.all": "",
            "was.inbox.all": "off",
            "set.inbox.category:a.b": "on",
            "was.inbox.category:a.b": "on",
            "set.inbox.kind:shop.order": "off",
            "was.inbox.kind:shop.order": "",
            "set.zone": "UTC",
            "csrfmiddlewaretoken": "x",
        }
    )
    assert list(choices_in(fields)) == [
        Choice("all", "inbox", None),
        Choice("kind:shop.order", "inbox", False),
    ]


def test_a_cell_may_say_how_often():
    assert list(choices_in(post(**{"set.email.all": "daily", "was.email.all": "on"}))) == [
        Choice("all", "email", True, "daily")
    ]


def test_a_cell_is_on_off_or_given_back():
    with pytest.raises(
        ValueError, match=r"set\.inbox\.all must be on, off, hourly, daily, weekly or empty"
    ):
        list(choices_in(post(**{"set.inbox.all": "maybe"})))


@pytest.mark.parametrize(
    ("now", "was", "zone"),
    [("UTC", "UTC", None), ("UTC", "", "UTC"), ("", "UTC", ""), (None, "UTC", None)],
)
def test_the_zone_if_it_was_changed(now, was, zone):
    assert zone_in(post(**({} if now is None else {"set.zone": now}), **{"was.zone": was})) == zone


@pytest.mark.parametrize(
    ("is_on", "start", "was", "found"),
    [
        (True, "22:00", "22:00-07:00", (False, None)),
        (False, "22:00", "", (False, None)),
        (False, "22:00", "22:00-07:00", (True, None)),
        (True, "21:30", "22:00-07:00", (True, (time(21, 30), time(7)))),
        (True, "22:00", "", (True, (time(22), time(7)))),
    ],
)
def test_quiet_hours_if_they_were_changed(is_on, start, was, found):
    fields = {"set.quiet_start": start, "set.quiet_end": "07:00", "was.quiet": was}
    assert quiet_in(post(**fields, **({"set.quiet": "on"} if is_on else {}))) == found
    assert quiet_in(post()) == (False, None)


def test_quiet_hours_have_two_ends():
    with pytest.raises(ValueError, match="isoformat"):
        quiet_in(post(**{"set.quiet": "on", "set.quiet_start": "22:00", "was.quiet": ""}))
