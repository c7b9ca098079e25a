"""What the project says of a notice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

import notify
from notify.models import Notice
from notify.readers import defaults
from notify.readers.deciding import Rule

ORDERS = notify.Category("orders", "Orders", defaults={"inbox": False})


@pytest.fixture(autouse=True)
def kinds(own_kinds: None) -> None:

    class Shipped(notify.Kind):
        key = "shop.shipped"
        category = ORDERS
        required = ("inbox",)

    class Packed(notify.Kind):
        key = "shop.packed"
        category = ORDERS
        defaults = {"inbox": True}


@pytest.mark.parametrize(
    ("site", "kind", "category", "decided"),
    [
        ({}, "shop.packed", "orders", (True, Rule.KIND)),
        ({}, "", "orders", (False, Rule.CATEGORY)),
        ({}, "of.another.process", "orders", (False, Rule.CATEGORY)),
        ({}, "", "undeclared", (True, Rule.NOTHING)),
        ({"all": {"inbox": False}}, "shop.packed", "orders", (False, Rule.SITE)),
        (
            {"all": {"inbox": False}, "category:orders": {"inbox": True}},
            "",
            "orders",
            (True, Rule.SITE),
        ),
        (
            {"category:orders": {"inbox": True}, "kind:shop.packed": {"inbox": False}},
            "shop.packed",
            "orders",
            (False, Rule.SITE),
        ),
    ],
)
def test_the_nearest_of_the_site_goes_before_the_kind_and_this_before_its_category(
    settings: Any, site: Any, kind: str, category: str, decided: Any
) -> None:
    settings.NOTIFY_DEFAULTS = site
    asked = defaults.asked_of(Notice(kind=kind, category=category))
    assert (asked.default.value, asked.default.rule) == decided
    assert not asked.required


def test_a_kind_says_what_is_required_on_a_channel() -> None:
    assert defaults.asked("shop.shipped", "orders").required


def groups() -> Iterator[Any]:
    yield User.objects.filter(is_staff=True), {"category:orders": {"inbox": False}}


def wrong() -> Iterator[Any]:
    yield Notice.objects.all(), {}


def broken() -> Iterator[Any]:
    raise RuntimeError("the code of a project")


def test_groups_of_users_have_defaults_in_their_order(settings: Any) -> None:
    settings.NOTIFY_GROUP_DEFAULTS = f"{__name__}.groups"
    assert defaults.asked("", "orders").of_groups == (False,)
    assert defaults.asked("", "news").of_groups == (None,)


@pytest.mark.parametrize("function", ["wrong", "broken", "missing"])
def test_a_function_that_fails_is_logged_and_no_group_has_any(
    settings: Any, caplog: pytest.LogCaptureFixture, function: str
) -> None:
    settings.NOTIFY_GROUP_DEFAULTS = f"{__name__}.{function}"
    assert defaults.asked("", "orders").of_groups == ()
    assert "NOTIFY_GROUP_DEFAULTS failed" in caplog.text
