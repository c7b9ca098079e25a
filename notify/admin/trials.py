"""*Send to me first*: the very notice, sent to its author alone."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from notify import sending
from notify.models import Notice, Notification


def send_trial(author: Any, arguments: dict[str, Any], into: Notice) -> None:
    """Sends a notice to its author, at once.

    Args:
        author: The user who writes it.
        arguments: The arguments of `send`, with the form's key.
        into: Becomes the notice that was sent.
    """
    said = arguments | {"send_at": None}
    # A double click sends once; another text is another trial.
    digest = hashlib.sha256(repr(sorted(said.items())).encode()).hexdigest()[:16]
    key = f"{arguments['key']}:trial:{digest}"
    into.pk = sending.send(to=author, sender=author, **said | {"key": key}).pk
    into.refresh_from_db()


def trial_state(author: Any, notice: Notice) -> dict[str, Any]:
    """Whether the author has seen it, as the form and its script display it."""
    copy = Notification.objects.filter(user=author.pk, notice=notice.pk).first()
    seen = copy and (copy.seen or copy.read)
    if seen:
        text, when = _("You saw it at %(time)s."), seen
    else:
        text, when = _("Sent to you at %(time)s. You haven't seen it yet."), notice.created
    return {"text": text % {"time": _clock(when)}, "seen": bool(seen)}


def _clock(when: Any) -> str:
    return date_format(localtime(when), "H:i:s")
