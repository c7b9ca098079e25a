"""Why a user did or did not see a notice: the recorded steps of its delivery.

Two facts are not recorded, and the texts say so: the time of a delivery, and the window in which a
notice was read. Deliveries are inferred from the highest version that a client has confirmed. What
went out of the browser is in `outbox_steps.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.admin.formatting import language_name, sender_name
from notify.admin.history_step import Step
from notify.admin.intervention import by_whom, recalled_by
from notify.admin.outbox_steps import outbox_steps
from notify.admin.preferences import reason_text, rule_text
from notify.admin.stopping import is_scheduled
from notify.inbox import personal
from notify.inbox.why import why
from notify.kinds import registry
from notify.models import Batch, Inbox, Notice, Notification, Place, Reader
from notify.readers import locales
from notify.sql import database

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
    steps += outbox_steps(user, notice, copy, batch)
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
