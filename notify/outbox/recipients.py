"""One person as a recipient by a channel: what is read before their inbox is locked."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from notify.changes import Locale
from notify.models import Message, Reader
from notify.models.users import user_of
from notify.outbox.quiet_hours import QuietHours
from notify.outbox.states import Skipped
from notify.readers import locales

logger = logging.getLogger(__name__)

_MAX_ADDRESS = Message._meta.get_field("address").max_length or 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who, where, and in which language and zone.

    Attributes:
        key: `str(user.pk)`.
        address: None for nowhere.
        quiet: Their quiet hours; None where they have none.
        failed: Whether the channel could not say where; it is asked again later.
    """

    user: Any
    key: str
    address: str | None
    locale: Locale
    quiet: QuietHours | None
    failed: bool = False

    @property
    def why(self) -> Skipped | None:
        """Why nothing reaches them, where nothing does."""
        if not getattr(self.user, "is_active", True):
            return Skipped.INACTIVE
        return None if self.address or self.failed else Skipped.NO_ADDRESS


def recipient_of(key: str, channel: Any | None) -> Recipient | None:
    """A person as a recipient by this channel; None if the account is gone.

    Args:
        key: `str(user.pk)`.
        channel: None where nobody declares it any more, so that nobody can be reached by it.
    """
    user = user_of(key)
    if user is None:
        return None
    address, failed = _address(channel, user)
    return Recipient(user, key, address, locales.own(key), _quiet_hours(user), failed)


def has_moved(recipient: Recipient, channel: Any | None) -> bool:
    """Whether the person is reached elsewhere by now, or nowhere, or it cannot be told."""
    user = user_of(recipient.key)
    if user is None:
        return True
    address, failed = _address(channel, user)
    now = replace(recipient, user=user, address=address, failed=failed)
    return failed or now.why is not None or address != recipient.address


def _address(channel: Any | None, user: Any) -> tuple[str | None, bool]:
    if channel is None:
        return None, False
    try:
        address = channel.address(user)
    except Exception:  # the code of a project
        logger.exception("%r could not say where it reaches a user.", channel)
        return None, True
    return (address if address and len(address) <= _MAX_ADDRESS else None), False


def _quiet_hours(user: Any) -> QuietHours | None:
    reader = Reader.objects.filter(user=user).first()
    if reader is None or reader.quiet_start is None or reader.quiet_end is None:
        return None
    return QuietHours(reader.quiet_start, reader.quiet_end)
