"""One person's turn: claim, render, last look, hand-over, record."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db import DatabaseError
from django.utils import timezone, translation

from notify.changes import Row
from notify.exceptions import Busy
from notify.inbox import renderings, rows
from notify.kinds import registry
from notify.models import Reason
from notify.outbox import claiming, handing_over, last_look, recording, steps
from notify.outbox.channel import HandOverFailed, Outgoing
from notify.outbox.claiming import Claimed
from notify.outbox.looking import Looked
from notify.outbox.recipients import has_moved
from notify.protocol.times import rfc3339
from notify.readers.deciding import Rule

logger = logging.getLogger(__name__)

RECORD_ATTEMPTS = 30
RECORD_PAUSE_S = 1.0


class _MovedError(Exception):
    """The person is not reached there any more."""


def hand_out(user: str, channel: str) -> int:
    """Hands out all that is due for a person by a channel.

    Args:
        user: `str(user.pk)`.
        channel: The key of the channel.

    Returns:
        How many messages were handed over, or refused, or else.

    Raises:
        Busy, DatabaseError: What was claimed is free again after its lease.
    """
    messages, moves, is_done = 0, 0, False
    while not is_done and (claimed := claiming.claim(user, channel)) is not None:
        try:
            sent = _send(claimed)
        except _MovedError:
            # What it was about goes to where they are now, together as before. An address that is
            # another one at each call ends like what cannot be rendered.
            why = "its person is reached there no more"
            recording.drop(claimed.message.pk, why, has_failed=moves > 0)
            moves += 1
            continue
        messages += sent
        is_done = sent and claimed.is_all
    return messages


def _send(claimed: Claimed) -> bool:
    """Returns whether a hand-over was tried.

    Raises:
        _MovedError: The person is not reached there any more; nothing has left.
    """
    key, told, is_sending = claimed.message.pk, claimed.told, False
    rendered: Any = None
    while not is_sending:
        try:
            rendered = _rendered(claimed, told)
        except Exception:  # the code of a project
            logger.exception("A message could not be rendered; its notices are tried one by one.")
            recording.drop(key, "it could not be rendered")
            return False
        steps.reached("rendered")
        # Without a lock, as it is the code of a project, but as late as can be.
        if has_moved(claimed.recipient, registry.channel(claimed.message.channel)):
            raise _MovedError
        left = last_look.look(key, told)
        if left is None:
            return False
        is_sending, told = left is told, left
    error: HandOverFailed | None = None
    try:
        handing_over.hand_over(told[0].channel, rendered, claimed.message.address)
    except HandOverFailed as failure:
        error = failure
    steps.reached("handed over")
    _record(key, recording.result_of(error))
    return True


def _rendered(claimed: Claimed, told: Sequence[Looked]) -> Any:
    locale = claimed.recipient.locale
    with translation.override(locale.language), timezone.override(ZoneInfo(locale.zone)):
        outgoing = Outgoing(
            id=claimed.message.pk,
            channel=claimed.message.channel,
            user=claimed.recipient.user,
            address=claimed.message.address,
            locale=locale,
            rows=[renderings.shown(_row(one), locale) for one in told],
            reason=_reason(told),
            may_unsubscribe=told[0].decision.rule is not Rule.REQUIRED,
        )
        return told[0].channel.render(outgoing)


def _reason(told: Sequence[Looked]) -> str:
    """That of all of them, in the active language; empty if there is no such."""
    reasons = {None if one.copy is None else one.copy.reason for one in told}
    reason = reasons.pop()
    return "" if reasons or reason is None else str(Reason(reason).label)


def _row(one: Looked) -> Row:
    row = rows.notice_row(one.item.notice)
    if one.copy is not None:
        row["arrived"], row["version"] = one.copy.arrived, one.copy.version
        row["seen"] = None if one.copy.seen is None else rfc3339(one.copy.seen)
    return row


def _record(
    key: str, result: recording.Result, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Tries for half a minute: without a record, what was handed over is unknown."""
    for attempt in range(1, RECORD_ATTEMPTS + 1):
        try:
            recording.record(key, result)
        except (Busy, DatabaseError):
            if attempt == RECORD_ATTEMPTS:
                raise
            sleep(RECORD_PAUSE_S)
        else:
            return
