"""Texts of kinds."""

from __future__ import annotations

from datetime import date

from django.utils import translation

from notify.kinds import rendering
from tests.unit.kinds.examples import InItsLanguage, OrderShipped


def test_a_kind_says_all_that_a_notice_has():
    kind = OrderShipped(number="A-7", items=2, day=date(2026, 12, 1))
    assert rendering.contents(kind) == {
        "title": "2 items",
        "body": "A-7 Dec. 1, 2026",
        "url": "/orders/A-7/",
        "actions": [{"label": "Archive", "url": "/orders/A-7/"}],
        "data": {"number": "A-7"},
        "level": "success",
        "category": "orders",
        "kind": "shop.order_shipped",
        "about": None,
    }


def test_texts_are_in_the_language_that_is_asked_for_and_else_in_the_sites():
    with translation.override("de"):
        assert rendering.contents(InItsLanguage())["title"] == "Archive"
    assert rendering.contents(InItsLanguage(), "de")["title"] == "Archivieren"
    german = rendering.contents(OrderShipped(number="A-7", day=date(2026, 3, 1)), "de")
    assert german["body"] == "A-7 1. März 2026"
    assert german["actions"][0]["label"] == "Archivieren"
