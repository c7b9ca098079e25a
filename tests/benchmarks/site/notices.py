"""The notice of all contenders as a kind: the same texts, made for each language."""

from __future__ import annotations

from typing import Any

from notify import Kind
from tests.benchmarks.payload import notification, short


class OrderSent(Kind):
    key = "benchmarks.order_sent"

    n: int

    def title(self) -> str:
        return str(notification(self.n)["title"])

    def body(self) -> str:
        return str(notification(self.n)["body"])

    def url(self) -> str:
        return str(notification(self.n)["url"])

    def data(self) -> dict[str, Any]:
        return {"n": self.n}


class ShortOrder(Kind):
    """A title only, as `sends` sends it untyped."""

    key = "benchmarks.short_order"

    n: int

    def title(self) -> str:
        return short(self.n)
