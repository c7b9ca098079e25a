"""Whether a notice reaches somebody: the first rule that speaks decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from notify.readers.deciding import Asked, Decision, Rule, Wishes, decide

ASKED = Asked(
    "inbox",
    kind="shop.shipped",
    category="orders",
    targets=("thing:order:7", "actor:3", "topic:orders", "category:orders"),
    of_groups=(None, False, True),
    site=False,
    of_kind=False,
    of_category=False,
)
OWN = {"kind:shop.shipped": True, "category:orders": False, "all": True}
WISHES = Wishes(OWN, {"actor:3"}, {0, 1, 2})


# Each takes away what decided before.
@pytest.mark.parametrize(
    ("asked", "wishes", "decided"),
    [
        (replace(ASKED, required=True), WISHES, (True, Rule.REQUIRED)),
        (ASKED, WISHES, (False, Rule.MUTED, "actor:3")),
        (ASKED, replace(WISHES, muted=()), (True, Rule.OWN_KIND)),
        (ASKED, Wishes({"category:orders": False, "all": True}), (False, Rule.OWN_CATEGORY)),
        (ASKED, Wishes({"all": True}), (True, Rule.OWN_ALL)),
        (ASKED, Wishes(groups={0, 1, 2}), (False, Rule.SITE_GROUP)),
        (ASKED, Wishes(groups={0, 2}), (True, Rule.SITE_GROUP)),
        (ASKED, Wishes(groups={0}), (False, Rule.SITE)),
        (replace(ASKED, site=None), Wishes(), (False, Rule.KIND)),
        (replace(ASKED, site=None, of_kind=None), Wishes(), (False, Rule.CATEGORY)),
        (Asked("inbox"), Wishes(), (True, Rule.NOTHING)),
    ],
)
def test_the_first_that_speaks_decides(asked: Asked, wishes: Wishes, decided: Any) -> None:
    assert decide(asked, wishes) == Decision(*decided)


def test_an_explicit_on_goes_before_a_category_that_is_off_and_the_reverse() -> None:
    asked = Asked("inbox", kind="shop.shipped", category="orders")
    on, off = {"kind:shop.shipped": True}, {"kind:shop.shipped": False}
    assert decide(asked, Wishes({**on, "category:orders": False})).value
    assert not decide(asked, Wishes({**off, "category:orders": True})).value


def test_what_is_of_no_kind_or_category_has_only_what_is_said_of_all() -> None:
    assert (
        decide(Asked("inbox"), Wishes({"": False, "kind:": False, "all": True})).rule == "own_all"
    )


def test_required_passes_all_off_and_a_mute() -> None:
    asked = replace(ASKED, required=True)
    assert decide(asked, Wishes({"all": False}, set(ASKED.targets))).value


def test_the_choice_that_decides_says_how_often() -> None:
    asked = Asked("email", kind="shop.shipped", category="orders")
    rhythms = {"kind:shop.shipped": "daily", "all": "weekly"}
    own = Wishes(OWN, rhythms=rhythms)
    assert decide(asked, own).rhythm == "daily"
    assert decide(replace(asked, kind="other"), own).rhythm == ""
    assert decide(replace(asked, required=True), own).rhythm == ""
    assert decide(Asked("email"), own).rhythm == "weekly"
