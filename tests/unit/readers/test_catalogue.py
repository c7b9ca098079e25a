"""What a person can choose, and who decides."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import translation
from django.utils.translation import gettext_lazy

import notify
from notify.kinds import registry
from notify.readers.catalogue import catalogue
from notify.readers.mutes import mute
from notify.readers.preferences import choose
from tests.unit.inbox.helpers import key

pytestmark = pytest.mark.django_db

ORDERS = notify.Category(
    "orders", gettext_lazy("Archive"), description="Of your shop", defaults={"inbox": False}
)


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {})

    class Shipped(notify.Kind):
        key = "shop.shipped"
        category = ORDERS
        verbose_name = "An order has shipped"

    class Alarm(notify.Kind):
        key = "shop.alarm"
        category = ORDERS
        required = ("inbox",)

    class Loose(notify.Kind):
        key = "shop.loose"


def cell(
    value: bool, decided_by: str, *, chosen: Any = None, by_default: bool | None = None
) -> dict[str, Any]:
    said = {
        "value": value,
        "rhythm": "",
        "decided_by": decided_by,
        "locked": decided_by == "required",
        "chosen": chosen,
        "by_default": value if by_default is None else by_default,
        "rhythm_by_default": "",
    }
    return {"inbox": said}


def test_it_has_every_category_and_kind_with_who_decides(ada: User) -> None:
    assert catalogue(key(ada), also=["orders", "billing", ""]) == {
        "channels": ["inbox"],
        "all": cell(True, "nothing"),
        "categories": [
            {
                "key": "orders",
                "name": "Archive",
                "description": "Of your shop",
                "channels": cell(False, "category"),
                "kinds": [
                    {"key": "shop.alarm", "name": "Alarm", "channels": cell(True, "required")},
                    {
                        "key": "shop.shipped",
                        "name": "An order has shipped",
                        "channels": cell(False, "category"),
                    },
                ],
            },
            {
                "key": "billing",
                "name": "billing",
                "description": "",
                "channels": cell(True, "nothing"),
                "kinds": [],
            },
            {
                "key": "",
                "name": "Other",
                "description": "",
                "channels": {},
                "kinds": [
                    {"key": "shop.loose", "name": "Loose", "channels": cell(True, "nothing")}
                ],
            },
        ],
        "quiet": None,
        "language": "",
        "zone": "",
    }


def test_a_cell_follows_what_is_chosen_for_more_until_something_is_chosen_for_it(
    ada: User,
) -> None:
    choose(key(ada), "all", "inbox", False)
    choose(key(ada), "kind:shop.shipped", "inbox", True)
    choose(key(ada), "category:gone", "inbox", False)
    found = catalogue(key(ada))
    assert found["all"] == cell(False, "own_all", chosen=False, by_default=True)
    by_key = {one["key"]: one for one in found["categories"]}
    assert by_key["orders"]["channels"] == cell(False, "own_all")
    own = cell(True, "own_kind", chosen=True, by_default=False)
    assert by_key["orders"]["kinds"][1]["channels"] == own
    assert by_key["gone"]["channels"] == cell(False, "own_category", chosen=False)


def test_a_category_that_is_muted_says_so(ada: User) -> None:
    choose(key(ada), "category:orders", "inbox", True)
    mute(key(ada), "category:orders")
    [orders, _] = catalogue(key(ada))["categories"]
    assert orders["channels"] == cell(False, "muted", chosen=True)
    assert orders["kinds"][0]["channels"] == cell(True, "required")


def test_a_category_of_which_all_is_required_is_locked_until_something_is_chosen_for_it(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry._kinds, "shop.shipped")
    assert catalogue(key(ada))["categories"][0]["channels"] == cell(
        True, "required", by_default=False
    )
    choose(key(ada), "category:orders", "inbox", False)  # as for its notices without a kind
    assert catalogue(key(ada))["categories"][0]["channels"] == cell(
        False, "own_category", chosen=False
    )


def test_names_are_in_the_language_of_the_request(ada: User) -> None:
    with translation.override("de"):
        assert catalogue(key(ada))["categories"][0]["name"] == "Archivieren"


@pytest.fixture
def mailed(kinds: None) -> None:
    """One kind that is mailed; a category that is, with a kind that is not."""
    invoices = notify.Category("invoices", "Invoices", channels=[notify.Email()])

    class Paid(notify.Kind):
        key = "shop.paid"
        category = ORDERS
        channels = [notify.Email()]

    class Due(notify.Kind):
        key = "shop.due"
        category = invoices

    class Draft(notify.Kind):
        key = "shop.draft"
        category = invoices
        channels = ()


def test_a_channel_is_offered_only_where_it_is_declared(ada: User, mailed: None) -> None:
    found = catalogue(key(ada), also=["talk"])
    assert found["channels"] == ["inbox", "email"]
    assert found["all"].keys() == {"inbox", "email"}
    with_email = {
        one["key"]
        for category in found["categories"]
        for one in (category, *category["kinds"])
        if "email" in one["channels"]
    }
    assert with_email == {"orders", "shop.paid", "invoices", "shop.due"}


def test_how_often_is_told_of_what_holds_of_what_was_chosen_and_of_the_default(
    ada: User, mailed: None
) -> None:
    choose(key(ada), "all", "email", True, "weekly")
    choose(key(ada), "category:invoices", "email", True, "daily")
    choose(key(ada), "kind:shop.due", "email", True)
    found = catalogue(key(ada))
    [invoices] = [one for one in found["categories"] if one["key"] == "invoices"]
    cells = [found["all"]["email"], invoices["channels"]["email"]]
    cells.append(
        next(one for one in invoices["kinds"] if one["key"] == "shop.due")["channels"]["email"]
    )
    assert [(one["rhythm"], one["rhythm_by_default"]) for one in cells] == [
        ("weekly", ""),
        ("daily", "weekly"),
        ("", "daily"),
    ]
    [orders] = [one for one in found["categories"] if one["key"] == "orders"]
    assert orders["channels"]["email"]["rhythm"] == "weekly"
