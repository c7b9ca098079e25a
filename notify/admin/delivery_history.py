"""Why a user did or did not see a notice: the recorded steps of its delivery.

Two facts are not recorded, and the texts say so: the time of a delivery, and the window in which a
notice was read. Deliveries are inferred from the highest version that a client has confirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from notify.admin.formatting import sender_name
from notify.inbox import personal
from notify.models import Batch, Inbox, Notice, Notification
from notify.sql import database


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


def delivery_history(user: Any, notice: Notice) -> DeliveryHistory:
    """What happened to this notice on its way to this user."""
    copy = Notification.objects.filter(user=user.pk, notice=notice).first()
    inbox = Inbox.objects.filter(pk=user.pk).first()
    batch = personal.batch_naming(user.pk, notice.pk)
    steps = [Step(_("Created"), notice.created, _("by %s") % sender_name(notice), happened=True)]
    if notice.send_at:
        due = notice.send_at <= database.now()
        steps.append(Step(_("To be sent"), notice.send_at, _("as it was scheduled"), happened=due))
    steps += [_arrived(copy, batch), _announced(copy, batch), _delivered(copy, inbox)]
    steps += _marks(copy, notice)
    return DeliveryHistory(_verdict(user, notice, copy, batch, inbox), steps)


def _arrived(copy: Notification | None, batch: Batch | None) -> Step:
    name = _("In the inbox")
    if batch is None:
        return Step(name, None, _("not among the recipients"), happened=copy is not None)
    if copy is None:
        return Step(name, None, _("no: its batch is “%s”") % batch.get_state_display(), False)
    return Step(name, batch.finished, _("as version %s of the inbox") % copy.arrived, True)


def _announced(copy: Notification | None, batch: Batch | None) -> Step:
    how = _(
        "to all servers right after that; whether each heard it is not recorded, and a lost "
        "announcement is made good within a sweep"
    )
    when = batch.finished if batch is not None and copy is not None else None
    return Step(_("Announced"), when, how if copy else "", happened=copy is not None)


def _delivered(copy: Notification | None, inbox: Inbox | None) -> Step:
    name = _("Delivered")
    if copy is None or inbox is None:
        return Step(name, None, "", happened=False)
    if _is_delivered(copy, inbox):
        how = _("a client has confirmed version %(known)s") % {"known": inbox.acknowledged}
        exact = inbox.acknowledged == copy.arrived and inbox.acknowledged_at is not None
        if exact:
            return Step(name, inbox.acknowledged_at, how + "; " + _("at the latest"), True)
        return Step(name, None, how + "; " + _("when this one arrived is not recorded"), True)
    how = _("no client has confirmed it; the highest that one has is version %(known)s") % {
        "known": inbox.acknowledged
    }
    return Step(name, None, how, happened=False)


def _is_delivered(copy: Notification, inbox: Inbox) -> bool:
    return inbox.acknowledged >= copy.arrived


def _marks(copy: Notification | None, notice: Notice) -> list[Step]:
    unknown = _("by which window is not recorded")
    steps = [
        Step(name, when, unknown if when else "", happened=when is not None)
        for name, when in (
            (_("Seen"), copy.seen if copy else None),
            (_("Read"), copy.read if copy else None),
            (_("Archived"), copy.archived if copy else None),
        )
    ]
    if notice.recalled:
        expired = notice.expires is not None and notice.expires <= notice.recalled
        how = _("it had expired") if expired else _("by whoever may send")
        steps.append(Step(_("Recalled"), notice.recalled, how, happened=True))
    return steps


def _verdict(
    user: Any, notice: Notice, copy: Notification | None, batch: Batch | None, inbox: Inbox | None
) -> str:
    who = {"who": user.get_username()}
    if copy is None:
        return _why_not_in_the_inbox(notice, batch) % who
    if copy.seen:
        if notice.recalled:
            return _("%(who)s has seen it, before it was recalled.") % who
        return _("%(who)s has seen it.") % who
    if notice.recalled:
        return _("It was recalled before %(who)s saw it.") % who
    if not getattr(user, "is_active", True):
        return _("It is in the inbox, but the account of %(who)s is not active.") % who
    if inbox is not None and _is_delivered(copy, inbox):
        return _("It reached a browser of %(who)s, and has not been on the screen there.") % who
    return _("It waits in the inbox: no client of %(who)s has confirmed it.") % who


def _why_not_in_the_inbox(notice: Notice, batch: Batch | None) -> str:
    if batch is None:
        return _("%(who)s was not among the recipients when it was sent.")
    if notice.recalled:
        return _("It was recalled before it reached the inbox of %(who)s.")
    match batch.state:
        case Batch.State.CANCELLED:
            return _("It was cancelled before it reached the inbox of %(who)s.")
        case Batch.State.PAUSED:
            return _("It is paused, and has not reached the inbox of %(who)s.")
        case Batch.State.PENDING if notice.send_at and notice.send_at > database.now():
            return _("It is scheduled, and not yet sent to %(who)s.")
        case Batch.State.PENDING:
            return _("It is on its way: the batch of %(who)s is not carried out yet.")
    return _("%(who)s had it; it was deleted since, or the account did not exist then.")
