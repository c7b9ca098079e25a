"""What type checkers accept and refuse of a project's kinds and sends.

Nothing imports this file: `make lint` has mypy and pyright read it. `type: ignore` marks the lines
that both must refuse, as either reports a mark on a line that it accepts.
"""
# mypy: enable-error-code="misc"
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, assert_type
from uuid import UUID

from django.contrib.auth.models import Group, User

import notify
from notify import Category, Kind, NewNotice
from notify.inbox.why import Why
from notify.models import Mute, Notice


class OrderShipped(Kind):
    key = "shop.order_shipped"
    category = Category("orders", "Orders")
    level = "success"

    parcels: int = 1
    number: str  # fields are named, so one without a default may come later
    day: date | None = None

    def title(self) -> str:
        return f"Order {self.number} is on its way"

    def body(self) -> str:
        return "It is one parcel." if self.parcels == 1 else f"It is {self.parcels} parcels."

    def url(self) -> str:
        return f"/orders/{self.number}/"

    def actions(self) -> list[dict[str, str]]:
        return [{"label": "Open", "url": self.url()}]

    def data(self) -> Mapping[str, Any]:
        return {"parcels": self.parcels}


class Money(Kind):
    """A base, as it has no key."""

    amount: Decimal
    way: Literal["in", "out"] = "in"


class MoneyReceived(Money):
    key = "shop.money_received"
    of: UUID

    def title(self) -> str:
        return f"{self.amount} of {self.of}"


async def accepted(user: User, group: Group, at: datetime, of: UUID) -> None:
    shipped = OrderShipped(number="A-7", parcels=2, day=at.date())
    assert_type(shipped.number, str)
    assert_type(shipped.day, date | None)
    MoneyReceived(amount=Decimal(7), of=of, way="out")

    assert_type(notify.send(shipped, to=user), Notice)
    notify.send(shipped, to=[user, group, 7], actor=user, include_actor=True)
    notify.send(shipped, to=notify.everyone(), expires=at, send_at=None, key="7", sender=user)
    assert_type(notify.send(to=user, title="Hello"), Notice)
    notify.send(to=[user, "7", of], title="Hello", level=notify.Level.ERROR, kind="greeting")
    notify.send(to=User.objects.all(), title="Hello", actions=[{"label": "Open", "url": "/"}])

    assert_type(await notify.asend(shipped, to=user, key="7"), Notice)
    assert_type(await notify.asend(to=user, title="Hello", data={"order": 7}), Notice)

    new = NewNotice.of(shipped, to=user, key="7")
    assert_type(notify.send_many([new, NewNotice(to=user, title="Hello")]), list[Notice])

    notify.prefer(user, "category:orders", value=False)
    notify.prefer(of, "all", value=None, channel="inbox")
    assert_type(notify.mute(user, notify.About("order", "A-7"), until=timedelta(hours=8)), Mute)
    for target in (user, notify.topic("post:3"), OrderShipped.category, "thing:order:A-7"):
        notify.mute(7, target, until=at)
    assert_type(notify.unmute(user, user), bool)
    assert_type(notify.follow(user, "post:3"), bool)
    assert_type(notify.unfollow("7", "post:3"), bool)
    notify.send(shipped, to=[user, notify.topic("post:3")])
    assert_type(notify.why(user, 7), Why | None)


async def refused(user: User, at: datetime, of: UUID, shipped: OrderShipped) -> None:
    OrderShipped()  # type: ignore[call-arg]
    OrderShipped(2, number="A-7")  # type: ignore[call-arg]
    OrderShipped(number=7)  # type: ignore[arg-type]
    OrderShipped(number="A-7", parcels="2")  # type: ignore[arg-type]
    OrderShipped(number="A-7", day=at.isoformat())  # type: ignore[arg-type]
    OrderShipped(number="A-7", colour="red")  # type: ignore[call-arg]
    MoneyReceived(of=of)  # type: ignore[call-arg]
    MoneyReceived(of=of, amount=1.5)  # type: ignore[arg-type]
    MoneyReceived(of=of, amount=Decimal(7), way="up")  # type: ignore[arg-type]
    shipped.number = "A-8"  # type: ignore[misc]
    str(shipped.colour)  # type: ignore[attr-defined]

    notify.send(shipped)  # type: ignore[call-overload]
    notify.send(shipped, user)  # type: ignore[call-overload]
    notify.send(shipped, to=None)  # type: ignore[call-overload]
    notify.send(shipped, to=user, title="Hello")  # type: ignore[call-overload]
    notify.send(shipped, to=user, level="info")  # type: ignore[call-overload]
    notify.send(shipped, to=user, params={})  # type: ignore[call-overload]
    notify.send(shipped, to=user, expires="tomorrow")  # type: ignore[call-overload]
    notify.send(shipped, to=user, actor=7)  # type: ignore[call-overload]
    notify.send(kind=shipped, to=user)  # type: ignore[call-overload]
    notify.send(OrderShipped, to=user)  # type: ignore[call-overload]
    notify.send("shop.order_shipped", to=user)  # type: ignore[call-overload]
    notify.send(to=user)  # type: ignore[call-overload]
    notify.send(title="Hello")  # type: ignore[call-overload]
    notify.send(user, title="Hello")  # type: ignore[call-overload]
    notify.send(to=1.5, title="Hello")  # type: ignore[call-overload]
    notify.send(to=user, title=7)  # type: ignore[call-overload]
    notify.send(to=user, title="Hello", url=7)  # type: ignore[call-overload]
    notify.send(to=user, title="Hello", colour="red")  # type: ignore[call-overload]

    await notify.asend(shipped)  # type: ignore[call-overload]
    await notify.asend(shipped, to=user, title="Hello")  # type: ignore[call-overload]
    await notify.asend(OrderShipped, to=user)  # type: ignore[call-overload]
    await notify.asend(kind=shipped, to=user)  # type: ignore[call-overload]
    await notify.asend(to=user)  # type: ignore[call-overload]
    await notify.asend(to=user, title="Hello", colour="red")  # type: ignore[call-overload]

    NewNotice.of(shipped)  # type: ignore[call-arg]
    NewNotice.of(shipped, user)  # type: ignore[call-arg]
    NewNotice.of(shipped, to=user, title="Hello")  # type: ignore[call-arg]
    NewNotice.of(kind=shipped, to=user)  # type: ignore[call-arg]
    NewNotice.of(OrderShipped, to=user)  # type: ignore[arg-type]
    NewNotice.of("shop.order_shipped", to=user)  # type: ignore[arg-type]
    NewNotice(to=user)  # type: ignore[call-arg]
    NewNotice(title="Hello")  # type: ignore[call-arg]
    NewNotice(user, "Hello")  # type: ignore[call-arg]
    NewNotice(to=user, title="Hello", colour="red")  # type: ignore[call-arg]
    notify.send_many([shipped])  # type: ignore[list-item]


def refused_wishes(user: User, group: Group, shipped: OrderShipped) -> None:
    notify.prefer(user, "all", False)  # type: ignore[call-arg]
    notify.prefer(user, "all")  # type: ignore[call-arg]
    notify.prefer(group, "all", value=True)  # type: ignore[arg-type]
    notify.prefer(user, OrderShipped, value=True)  # type: ignore[arg-type]
    notify.mute(user, group)  # type: ignore[arg-type]
    notify.mute(user, shipped)  # type: ignore[arg-type]
    notify.mute(user, user, until=3600)  # type: ignore[arg-type]
    notify.follow(user, 7)  # type: ignore[arg-type]
    notify.why(user, shipped)  # type: ignore[arg-type]


class RefusedField(Kind):
    number: str = 7  # type: ignore[assignment]


class RefusedCategory(Kind):
    category = 7  # type: ignore[assignment]


class RefusedTexts(Kind):
    def title(self) -> int:  # type: ignore[override]
        return 7

    def data(self) -> list[int]:  # type: ignore[override]
        return []
