"""Why a user did or did not see a notice: the recorded steps of its delivery.

Three facts are not recorded, and the texts say so: the time of a delivery, the window in which a
notice was read, and why it never came to an outbox item. Deliveries are inferred from the highest
version that a client has confirmed; why there is no item, from times before the channel's turn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.admin.formatting import language_name, sender_name
from notify.admin.intervention import by_whom, recalled_by
from notify.admin.preferences import reason_text, rule_text
from notify.admin.stopping import is_scheduled
from notify.inbox import personal
from notify.inbox.why import why
from notify.kinds import registry
from notify.models import Batch, Inbox, Notice, Notification, OutboxItem, Place, Reader
from notify.readers import locales
from notify.sql import database
from notify.web.pages.preference_rows import channel_name

_STOPPED: dict[str, Any] = {
    Batch.State.PAUSED: gettext_lazy("Paused"),
    Batch.State.CANCELLED: gettext_lazy("Cancelled"),
}
# Why a recipient does not have it, by the state of their batch.
_NOT_THERE: dict[str, Any] = {
    Batch.State.PENDING: gettext_lazy("not sent yet"),
    Batch.State.PAUSED: gettext_lazy("sending is paused"),
    Batch.State.CANCELLED: gettext_lazy("cancelled before it arrived"),
    Batch.State.CLOSED: gettext_lazy("recalled before it arrived"),
    Batch.State.RIPENING: gettext_lazy("deleted since, or the account didn't exist yet"),
    Batch.State.DONE: gettext_lazy("deleted since, or the account didn't exist yet"),
}

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


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    when: datetime | None  # None: not happened, or the time is not recorded
    how: str
    happened: bool


@dataclass(frozen=True, slots=True)
class DeliveryHistory:
    verdict: str
    steps: list[Step]
    language: str  # what is known of the language it was shown in; empty if there is only one


def delivery_history(user: Any, notice: Notice) -> DeliveryHistory:
    """What happened to this notice on its way to this user."""
    copy = Notification.objects.select_related("notice").filter(user=user.pk, notice=notice).first()
    inbox = Inbox.objects.filter(pk=user.pk).first()
    batch = personal.batch_naming(user.pk, notice.pk)
    steps = [Step(_("Created"), notice.created, _("by %s") % sender_name(notice), happened=True)]
    if is_scheduled(notice):
        due = notice.send_at is not None and notice.send_at <= database.now()
        steps.append(Step(_("Scheduled for"), notice.send_at, "", happened=due))
    if copy is None and batch is not None and batch.state in _STOPPED:
        name, how = str(_STOPPED[batch.state]), by_whom(notice.stopped_by)
        steps.append(Step(name, notice.stopped, how, happened=True))
    steps += [_arrived(copy, batch), _pushed(copy, batch), _delivered(copy, inbox)]
    steps += _marks(copy)
    steps += _outside(user, notice, copy, batch)
    if notice.recalled:
        steps.append(Step(_("Recalled"), notice.recalled, recalled_by(notice), happened=True))
    return DeliveryHistory(
        verdict=_verdict(user, notice, copy, batch, inbox),
        steps=steps,
        language="" if copy is None or _shown_in(copy) else _language(user, notice),
    )


def _has_languages(notice: Notice) -> bool:
    """Whether not everyone reads it as it was sent."""
    return notice.params is not None and registry.get(notice.kind) is not None


def _language(user: Any, notice: Notice) -> str:
    if not _has_languages(notice):
        return ""
    last_page = Reader.objects.filter(user=user.pk).values_list("shown_language", flat=True).first()
    code = last_page or locales.own(str(user.pk)).language
    text = (
        _(
            "%(who)s's last page was in %(language)s; in which language this notice was shown "
            "isn't recorded."
        )
        if last_page
        else _(
            "In which language this notice was shown isn't recorded; by %(who)s's settings it's "
            "%(language)s."
        )
    )
    return text % {"who": user.get_username(), "language": language_name(code)}


def _arrived(copy: Notification | None, batch: Batch | None) -> Step:
    name = _("In the inbox")
    if copy is not None:
        name = _("Filed") if copy.place == Place.FILED else name
        return Step(name, _arrived_at(copy, batch), _reason_of(copy), happened=True)
    if batch is None:
        return Step(name, None, _("not among the recipients"), happened=False)
    return Step(name, None, str(_NOT_THERE[batch.state]), happened=False)


def _reason_of(copy: Notification) -> str:
    """Why they have it; if it was filed, also what says that now."""
    reason = "" if copy.reason is None else reason_text(copy.reason)
    if copy.place != Place.FILED:
        return reason
    found = why(str(copy.user_id), copy.notice_id)
    rule = "" if found is None else rule_text(found.decision.rule)
    return "; ".join(filter(None, (reason, rule)))


def _arrived_at(copy: Notification, batch: Batch | None) -> datetime | None:
    """Without a batch, the notice arrived when it was written."""
    return copy.notice.created if batch is None else batch.finished


def _pushed(copy: Notification | None, batch: Batch | None) -> Step:
    name = _("Pushed to open windows")
    if copy is None:
        return Step(name, None, "", happened=False)
    how = _(
        "whether each window received it isn't recorded; one that missed it catches up "
        "within seconds"
    )
    return Step(name, _arrived_at(copy, batch), how, happened=True)


def _delivered(copy: Notification | None, inbox: Inbox | None) -> Step:
    name = _("Delivered")
    if copy is None or inbox is None:
        return Step(name, None, "", happened=False)
    if inbox.acknowledged == copy.arrived and inbox.acknowledged_at is not None:
        return Step(
            name, inbox.acknowledged_at, _("confirmed by a device, at the latest then"), True
        )
    if inbox.acknowledged >= copy.arrived:
        return Step(name, None, _("confirmed by a device; the time isn't recorded"), True)
    if marked := _first_mark(copy):
        return Step(name, marked, _("at the latest then, as it was seen"), happened=True)
    return Step(name, None, _("no device has confirmed it yet"), happened=False)


def _first_mark(copy: Notification) -> datetime | None:
    """When it was first seen or read: whoever did has received it."""
    return min(filter(None, (copy.seen, copy.read)), default=None)


def _is_delivered(copy: Notification, inbox: Inbox | None) -> bool:
    return inbox is not None and inbox.acknowledged >= copy.arrived


def _shown_in(copy: Notification | None) -> str:
    """In which language it was first seen, in words; empty if that isn't known, or for everyone the
    same."""
    if copy is None or not copy.seen or not copy.seen_in or not _has_languages(copy.notice):
        return ""
    return _("shown in %(language)s") % {"language": language_name(copy.seen_in)}


def _marks(copy: Notification | None) -> list[Step]:
    unknown = _("on which device isn't recorded")
    seen = "; ".join(filter(None, (_shown_in(copy), unknown)))
    return [
        Step(name, when, how if when else "", happened=when is not None)
        for name, when, how in (
            (_("Seen"), copy.seen if copy else None, seen),
            (_("Read"), copy.read if copy else None, unknown),
            (
                _("Archived"),
                copy.placed if copy and copy.place == Place.ARCHIVED else None,
                unknown,
            ),
        )
    ]


def _outside(
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


def _verdict(
    user: Any, notice: Notice, copy: Notification | None, batch: Batch | None, inbox: Inbox | None
) -> str:
    who = {"who": user.get_username()}
    if copy is None:
        return _why_not_in_the_inbox(notice, batch) % who
    if copy.seen or copy.read:
        if notice.recalled:
            return _("%(who)s saw it before it was recalled.") % who
        return _("%(who)s has seen it.") % who
    if notice.recalled:
        return _("It was recalled before %(who)s saw it.") % who
    if not getattr(user, "is_active", True):
        return _("It's in the inbox, but %(who)s's account is inactive.") % who
    if copy.place == Place.FILED:
        return _("It was filed: %(who)s didn't want to be told. It's in the archive.") % who
    if _is_delivered(copy, inbox):
        return _("Delivered to a browser, but not shown yet.")
    return _("It's in %(who)s's inbox; no device has received it yet.") % who


def _why_not_in_the_inbox(notice: Notice, batch: Batch | None) -> str:
    if batch is None:
        return _("%(who)s wasn't among the recipients when it was sent.")
    if notice.recalled:
        return _("It was recalled before it reached %(who)s's inbox.")
    match batch.state:
        case Batch.State.CANCELLED:
            return _("It was cancelled before it reached %(who)s's inbox.")
        case Batch.State.PAUSED:
            return _("It's paused and hasn't reached %(who)s's inbox.")
        case Batch.State.PENDING if notice.send_at and notice.send_at > database.now():
            return _("It's scheduled and hasn't been sent to %(who)s yet.")
        case Batch.State.PENDING:
            return _("Queued: %(who)s's batch hasn't run yet.")
    return _("%(who)s had it, but it has since been deleted, or the account didn't exist yet.")
