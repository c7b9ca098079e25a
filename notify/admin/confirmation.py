"""Sends from the admin that are held back: to be confirmed, as duplicates, or as a dry run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest
from django.utils.translation import gettext as _

from notify.admin.compose_form import LEVEL_LINES, ComposeForm
from notify.admin.formatting import format_people, sender_name
from notify.admin.previews import Sample, audience_texts, preview_notice, sample_audience
from notify.admin.stopping import says_the_same, when_text
from notify.models import Level, Notice
from notify.sending.audience import Audience

CONFIRM_ABOVE = 100  # people
MAX_GROWTH = 1.01  # of the audience since it was confirmed; beyond that, it is confirmed again
DUPLICATE_WITHIN = timedelta(minutes=10)
MAX_LOG_ENTRIES = 50  # the newest additions, among which a duplicate is looked for

# Fields that the confirmation page sets itself.
_OWN_FIELDS = {"csrfmiddlewaretoken", "confirmed", "again"}
_OWN_FIELDS |= {"_save", "_dry_run", "_edit", "_ask", "_trial"}


@dataclass(eq=False)
class SendHeldBackError(Exception):
    """Rolls back the transaction of a send, and has the confirmation page shown."""

    form: ComposeForm
    count: int  # people
    batches: int = 0
    dry_run: bool = False
    duplicate: Notice | None = None


def require_confirmation(request: HttpRequest, form: ComposeForm) -> None:
    """Asks for confirmation, unless the number of recipients is confirmed, or small and nothing
    else calls for it.

    Raises:
        SendHeldBackError: The confirmation page is to be shown.
    """
    posted = request.POST.get("confirmed", "")
    confirmed = int(posted) if posted.isdecimal() and len(posted) < 16 else 0
    key = form.cleaned_data["form_key"]
    if Notice.objects.filter(sender=f"user:{request.user.pk}", key=key).exists():
        return  # already sent, and not sent again
    count = Audience.of(form.recipients()).people().count()
    unasked = 0 if _always_asks(request, form) else CONFIRM_ABOVE
    if count > max(unasked, confirmed * MAX_GROWTH):
        raise SendHeldBackError(form, count)


def _always_asks(request: HttpRequest, form: ComposeForm) -> bool:
    """Whether few recipients are asked about, too."""
    data = form.cleaned_data
    return data["everyone"] or data["level"] == Level.CRITICAL or "_ask" in request.POST


def find_duplicate(notice: Notice, audience: Audience) -> Notice | None:
    """A notice with the same content and audience that another form of the admin sent within the
    last ten minutes."""
    kind = ContentType.objects.get_for_model(Notice)
    sent = LogEntry.objects.filter(content_type=kind, action_flag=ADDITION).order_by("-pk")
    recent = [int(pk) for pk in sent.values_list("object_id", flat=True)[:MAX_LOG_ENTRIES] if pk]
    candidates = Notice.objects.filter(
        pk__in=recent,
        title=notice.title,
        created__gte=notice.created - DUPLICATE_WITHIN,
        recalled__isnull=True,
    ).exclude(pk=notice.pk)
    same = (other for other in candidates if says_the_same(notice, audience, other))
    return next((other for other in same if other.status != Notice.Status.CANCELLED), None)


def confirmation_context(request: HttpRequest, held: SendHeldBackError) -> dict[str, Any]:
    """The context of `confirm.html`."""
    data = held.form.cleaned_data
    sample = sample_audience(held.form.recipients()) or Sample(held.count, [], [])
    if held.dry_run:
        title = _("Dry run: nothing was sent")
    else:
        title = _("Send to %(people)s?") % {"people": format_people(held.count)}
    twin = held.duplicate
    return {
        "title": title,
        "count": str(held.count),  # a hidden field: without thousands separators
        "batches": held.batches,
        "dry_run": held.dry_run,
        "twin": twin,
        "twin_sender": twin and sender_name(twin),
        "twin_is_own": twin is not None and twin.sender == f"user:{request.user.pk}",
        "everyone": data["everyone"],
        "level_line": LEVEL_LINES[Level(data["level"])],
        "level": Level(data["level"]),
        **audience_texts(held.count, sample),
        "when": when_text(data["send_at"]),
        "notice": data,
        "preview": preview_notice(data | {"actions": held.form.actions()}),
        "fields": [
            (name, value)
            for name, values in request.POST.lists()
            if name not in _OWN_FIELDS
            for value in values
        ],
    }
