"""Kinds for tests, which no registry keeps after them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext

from notify import Category, Kind, isolate

ORDERS = Category("orders", gettext_lazy("Orders"))


class Everything(Kind):
    """A field of each type that may be one."""

    text: str
    number: int
    share: float
    amount: Decimal
    flag: bool
    day: date
    moment: datetime
    of: UUID
    way: Literal["up", "down"]
    names: list[str]
    counts: dict[str, int]
    maybe: str | None = None


class OrderShipped(Kind):
    key = "shop.order_shipped"
    category = ORDERS
    level = "success"

    number: str
    items: int = 1
    day: date | None = None

    def title(self) -> str:
        return ngettext("%(n)s item", "%(n)s items", self.items) % {"n": self.items}

    def body(self) -> str:
        return f"{self.number} {date_format(self.day) if self.day else ''}".strip()

    def url(self) -> str:
        return f"/orders/{self.number}/"

    def actions(self) -> list[dict[str, Any]]:
        return [{"label": gettext("Archive"), "url": self.url()}]

    def data(self) -> Mapping[str, Any]:
        return {"number": self.number}


class InItsLanguage(Kind):
    key = "shop.language"

    def title(self) -> str:
        return gettext("Archive")


class Parcels(Kind):
    """In Polish and Arabic, too: locale/."""

    key = "shop.parcels"

    sender: str
    n: int

    def title(self) -> str:
        text = ngettext("%(who)s sent a parcel", "%(who)s sent %(n)d parcels", self.n)
        return text % {"who": isolate(self.sender), "n": self.n}


class Bill(Kind):
    """All that is told in the reader's own way: a number, a time, a link."""

    key = "shop.bill"

    amount: Decimal
    due: datetime

    def title(self) -> str:
        return number_format(self.amount, force_grouping=True)

    def body(self) -> str:
        return date_format(localtime(self.due), "DATETIME_FORMAT")

    def url(self) -> str:
        return f"/{get_language()}/bills/"
