"""What became of a user's copy of a notice in each channel out of the browser.

Why a copy never came to an outbox item is not recorded, and the texts say so. It is inferred from
times before the channel's turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.admin.history_step import Step
from notify.kinds import registry
from notify.models import Batch, Notice, Notification, OutboxItem, Place
from notify.sql import database
from notify.web.pages.preference_rows import channel_name

# Why an item was skipped, by what the outbox writes.
_WHY: dict[str, Any] = {
    "read": gettext_lazy("read"),
    "seen": gettext_lazy("seen"),
    "archived": gettext_lazy("archived"),
    "recalled": gettext_lazy("recalled"),
    "expired": gettext_lazy("expired"),
    "deleted": gettext_lazy("deleted"),
    "muted": gettext_lazy("muted"),
    "unwanted": gettext_lazy("not wanted"),
    "inactive": gettext_lazy("inactive account"),
    "no address": gettext_lazy("no address"),
    "address refused": gettext_lazy("the address was refused before"),
    "no channel": gettext_lazy("its kind isn't sent this way any more"),
    "restored": gettext_lazy("the database was restored"),
    "not rendered": gettext_lazy("it couldn't be rendered"),
    "sent again": gettext_lazy("sent again"),
}


def outbox_steps(
    user: Any, notice: Notice, copy: Notification | None, batch: Batch | None
) -> Iterator[Step]:
    """Each time that it went out or was to, and each channel of its kind by which it never was."""
    declared = {one.key: one for one in registry.channels_of(notice.kind, notice.category)}
    found = OutboxItem.objects.filter(user=user.pk, notice=notice).select_related("message")
    items = list(found.order_by("channel", "repeat"))
    for item in items:
        yield _gone_out(item, copy, _condition(declared.get(item.channel)))
    if copy is not None:
        tried = {item.channel for item in items}
        for channel in (one for key, one in declared.items() if key not in tried):
            yield _not_gone_out(channel, copy, batch)


def _gone_out(item: OutboxItem, copy: Notification | None, condition: str) -> Step:
    name, when, happened = channel_name(item.channel), item.ended, False
    if item.repeat:
        name = _("%(channel)s, again") % {"channel": name}
    match item.state:
        case OutboxItem.State.HANDED:
            how, happened = _("sent"), True
            if item.message:
                how = _("sent to %s") % item.message.address
        case OutboxItem.State.WAITING:
            how, when = condition, item.ripe
        case OutboxItem.State.TAKEN:
            how = _("being sent")
        case OutboxItem.State.UNKNOWN:
            how = _("it may have been sent, and isn't repeated by itself")
        case OutboxItem.State.REFUSED:
            how = _("refused: %s") % why_text(item.why)
        case _:
            how = _not_sent(item.why)
            # It may have been marked as unread since, and read again.
            if item.why == "read" and copy and copy.read and item.ended and copy.read <= item.ended:
                when = copy.read
    return Step(name, when, how, happened)


def _not_gone_out(channel: Any, copy: Notification, batch: Batch | None) -> Step:
    """Of a copy without an item: when that was decided is not recorded, but it was at the channel's
    turn or later."""
    name = channel_name(channel.key)
    if batch is None:
        return Step(name, None, _("not sent: its kind wasn't sent this way yet"), happened=False)
    delay = channel.after.total_seconds()
    had_turn = batch.reached is not None and batch.reached >= delay
    is_to_come = batch.state == Batch.State.RIPENING and not had_turn
    if (had_turn or is_to_come) and batch.finished is not None:
        turn = batch.finished + channel.after
        until = max(turn, database.now()) if is_to_come else turn
        for when, why in sorted(_preventing(channel, copy)):
            if when <= until:
                return Step(name, when, _not_sent(why), happened=False)
        if is_to_come:
            return Step(name, turn, _condition(channel), happened=False)
    how = _(
        "not sent; why isn't recorded: it may have been read or turned off by then, or its kind "
        "wasn't sent this way yet"
    )
    return Step(name, None, how, happened=False)


def _preventing(channel: Any, copy: Notification) -> Iterator[tuple[datetime, str]]:
    """Since when it is not to go, and why. What somebody took back leaves no time."""
    for when, reason in (
        (copy.notice.recalled, "recalled"),
        (copy.notice.expires, "expired"),
        (copy.placed if copy.place == Place.ARCHIVED else None, "archived"),
        (copy.read, "read"),
        (copy.seen if channel.unless == "seen" else None, "seen"),
    ):
        if when is not None:
            yield when, reason


def _condition(channel: Any | None) -> str:
    if channel is not None and channel.unless == "seen":
        return _("if it's still unseen and wanted then")
    return _("if it's still unread and wanted then")


def _not_sent(why: str) -> str:
    return _("not sent: it had been read") if why == "read" else _("not sent: %s") % why_text(why)


def why_text(why: str) -> str:
    """Why something wasn't sent. What a server has answered stays in its own words."""
    return str(_WHY.get(why, why))
