"""The ten seconds after a send from the admin in which it can still be stopped.

The batches are merely due later, so that nothing depends on the page, or on this process, staying
there. The wake-up at that moment is a hint: without it, a sweep finds the batches.
"""

from __future__ import annotations

import copy
import threading
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, transaction
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext as _

from notify import sql
from notify.bus.publisher import publisher
from notify.models import Notice
from notify.sending.audience import Audience
from notify.sending.drafts import fingerprint
from notify.sql import database

STOPPABLE_FOR = timedelta(seconds=10)


def delayed(arguments: dict[str, Any], sender: Any) -> dict[str, Any]:
    """The arguments of `send`, to be sent ten seconds from now unless they name a later time.

    Args:
        arguments: The arguments of `send`, with the form's key.
        sender: The user who sends.

    Returns:
        The same with another `send_at`. A form that was sent already gets the time that it got
        then, so that `send` recognises it.
    """
    earliest, chosen = database.now() + STOPPABLE_FOR, arguments["send_at"]
    if chosen is not None and chosen > earliest:
        return arguments
    sent = Notice.objects.filter(sender=f"user:{sender.pk}", key=arguments["key"]).first()
    known = sent is not None and (is_delayed(sent) or sent.send_at == chosen)
    return arguments | {"send_at": sent.send_at if sent is not None and known else earliest}


def is_delayed(notice: Notice) -> bool:
    """Whether nobody chose the time at which it is sent: it is that of `delayed`."""
    return notice.send_at is not None and notice.send_at - notice.created <= STOPPABLE_FOR


def is_scheduled(notice: Notice) -> bool:
    """Whether somebody chose a later time for it to be sent."""
    return notice.send_at is not None and not is_delayed(notice)


def when_text(send_at: datetime | None) -> str:
    """When a notice goes out that is sent now, with this `send_at`, in words."""
    if send_at is None or send_at <= database.now() + STOPPABLE_FOR:
        return _("Goes out ten seconds after you send it.")
    return _("Goes out on %(when)s (%(zone)s), at the same moment in every time zone.") % {
        # Translators: the format of a date and a time (Django's `date` filter).
        "when": date_format(localtime(send_at), _("j M Y, H:i")),
        "zone": get_current_timezone_name(),
    }


def seconds_left(notice: Notice) -> float | None:
    """The seconds until a delayed notice is sent; None if it is not delayed, or they are over."""
    if not is_delayed(notice) or notice.recalled is not None:
        return None
    sent_at: Any = notice.send_at
    left: float = (sent_at - database.now()).total_seconds()
    return left if left > 0 else None


def wake_workers_when_due() -> None:
    """Wakes the workers ten seconds after this transaction commits."""
    transaction.on_commit(_start_timer, using=sql.alias())


def says_the_same(notice: Notice, audience: Audience, other: Notice) -> bool:
    """Whether two notices have the same content, recipients and chosen time of sending."""
    probe = copy.copy(notice)
    if is_delayed(notice) and (other.send_at is None or is_delayed(other)):
        probe.send_at = other.send_at
    return fingerprint(probe, audience, None) == other.fingerprint


def _start_timer() -> None:
    timer = threading.Timer(STOPPABLE_FOR.total_seconds(), _wake_workers)
    timer.daemon = True
    timer.start()


def _wake_workers() -> None:
    try:
        publisher.publish_work()
    finally:
        connections.close_all()  # this thread's, which ends
