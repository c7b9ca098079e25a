"""Kinds that go out of the browser by a channel that keeps what it is handed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.db.models import F

import notify
from notify.inbox import work
from notify.kinds import registry
from notify.models import Batch, Message, Notice, OutboxItem
from notify.outbox import Channel, Outgoing, ripening
from tests.unit.inbox.helpers import committed

NOW = timedelta(0)


class Kept(Channel):
    """`answers` are what it raises, one after the other; then it takes all."""

    key = "kept"
    limit = None

    handed: ClassVar[list[Outgoing]] = []
    answers: ClassVar[list[Exception]] = []
    address_of: ClassVar[Callable[[Any], str | None]]

    def address(self, user: Any) -> str | None:
        return type(self).address_of(user)

    def render(self, outgoing: Outgoing) -> Outgoing:
        if any(row["title"] == "breaks" for row in outgoing.rows):
            raise ZeroDivisionError
        return outgoing

    def hand_over(self, message: Outgoing, address: str) -> None:
        assert message.address == address
        if self.answers:
            raise self.answers.pop(0)
        self.handed.append(message)


def declare() -> type[notify.Kind]:
    """A kind `t.news` of the category `news`; it, `t.must` and `t.alarm` go by `Kept` at once."""
    Kept.handed.clear()
    Kept.answers.clear()
    Kept.address_of = staticmethod(lambda user: f"{user.username}@example.org")
    news = notify.Category("news", "News", channels=[Kept(after=NOW)])

    class News(notify.Kind):
        key = "t.news"
        category = news
        text: str = "news"

        def title(self) -> str:
            return self.text

    class Must(News):
        key = "t.must"
        required = ("kept",)

    class Alarm(News):
        key = "t.alarm"
        level = "critical"

    class Seen(News):
        key = "t.seen"
        channels = [Kept(after=NOW, unless="seen")]

    class Twice(News):
        key = "t.twice"
        at_least_once = True

    return News


def kind(key: str) -> Any:
    return registry.get(key)


def sent(to: Any, text: str = "news", key: str = "t.news", **fields: Any) -> Notice:
    """A notice of such a kind that has arrived."""
    with committed():
        return notify.send(kind(key)(text=text), to=to, **fields)


def committed_send(kind: notify.Kind, to: Any) -> Notice:
    """A notice that has arrived."""
    notice = notify.send(kind, to=list(to))
    work_off()
    return notice


def due(to: Any, text: str = "news", key: str = "t.news", **fields: Any) -> Notice:
    """One that has ripened: it is an item of those who want it."""
    notice = sent(to, text, key, **fields)
    ripen()
    return notice


def ripen() -> int:
    Batch.objects.filter(state=Batch.State.RIPENING).update(due=F("due") - timedelta(seconds=1))
    made = 0
    while (more := ripening.ripen_next()) is not None:
        made += more
    later(timedelta(seconds=-1))
    return made


def later(by: timedelta) -> None:
    """As if the items had been made so much later."""
    OutboxItem.objects.update(ripe=F("ripe") + by, made=F("made") + by)


def states(notice: Notice) -> list[tuple[str, str]]:
    """The state and the reason of each of its items, by person."""
    found = OutboxItem.objects.filter(notice=notice).order_by("user")
    return list(found.values_list("state", "why"))


def messages() -> list[str]:
    return list(Message.objects.order_by("created", "pk").values_list("state", flat=True))


def work_off() -> None:
    while work.carry_out_next() is not None:
        pass
