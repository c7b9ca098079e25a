"""What a way out of the browser is: the base class of channels, and what one may answer.

Nothing here imports a model: a kind that names its channels may be declared before Django has
loaded them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Literal, get_args

from django.core.exceptions import ImproperlyConfigured

from notify.changes import Locale, Row
from notify.exceptions import NotifyError

Unless = Literal["read", "seen"]
MAX_KEY = 20
MAX_AFTER = timedelta(days=30)
MAX_LIMIT = timedelta(minutes=4)


class HandOverFailed(NotifyError):
    """A message was not handed over. Each subclass says what becomes of it."""


class Deferred(HandOverFailed):
    """Nobody has taken it, and later somebody may: the server is away, busy, or wrongly set up. It
    is tried again, after a time that grows, for three days."""


class AddressRefused(HandOverFailed):
    """There is nobody at the address. It gets nothing until it changes."""


class MessageRefused(HandOverFailed):
    """This message will never be taken; others to the same address may be."""


class Unanswered(HandOverFailed):
    """It may have been taken: the connection ended before the answer. It is not sent again."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What one message to one person is made of.

    Attributes:
        id: Of the message; unique in this deployment, without spaces, in ASCII.
        channel: The key of the channel by which it goes.
        user: The person.
        address: Where it goes, as the channel's `address` has said.
        locale: Their language and zone.
        rows: The notices as docs/protocol.md describes them, with texts in that language, in the
            order in which they are told.
        reason: Why they got these notices, in their language; empty where that differs among them,
            or is not known.
        may_unsubscribe: False where a kind is required.
        is_preview: True for what nobody is sent. No link in it may act for the user.
    """

    id: str
    channel: str
    user: Any
    address: str
    locale: Locale
    rows: Sequence[Row]
    reason: str = ""
    may_unsubscribe: bool = True
    is_preview: bool = False


class Channel:
    """A way out of the browser, declared by the kinds that use it. A subclass has a `key` and three
    methods.

    Args:
        after: How long a notice waits in the inbox before it goes out.
        unless: What prevents that meanwhile: that it was read, or seen.

    Attributes:
        key: Up to 20 characters, in the database for ever.
        label: What people call it, such as "SMS"; a lazy translation, or a text. Empty: its
            key.
        limit: How long `hand_over` may take before it is abandoned, its answer unknown; up to 4
            minutes. None for a channel that has a limit of its own, which has to be as short.

    Raises:
        ImproperlyConfigured: With the cure.
    """

    key: ClassVar[str] = ""
    label: ClassVar[Any] = ""
    limit: ClassVar[timedelta | None] = timedelta(minutes=1)

    def __init__(
        self, *, after: timedelta = timedelta(minutes=15), unless: Unless = "read"
    ) -> None:
        name = type(self).__name__
        if not 0 < len(self.key) <= MAX_KEY or not self.key.isprintable():
            raise ImproperlyConfigured(
                f"{name}.key is {self.key!r}. It is stored with every message: give the class one "
                f'of 1 to {MAX_KEY} printable characters, such as key = "sms".'
            )
        if self.limit is not None and not (
            isinstance(self.limit, timedelta) and timedelta(0) < self.limit <= MAX_LIMIT
        ):
            raise ImproperlyConfigured(
                f"{name}.limit is {self.limit!r}. A message that takes longer counts as unknown: "
                f"give the class one of up to {MAX_LIMIT // timedelta(minutes=1)} minutes, such as "
                "limit = timedelta(minutes=1)."
            )
        if not isinstance(after, timedelta):
            raise ImproperlyConfigured(
                f"{name}(after={after!r}): write timedelta(minutes=15), with its unit."
            )
        if not timedelta(0) <= after <= MAX_AFTER:
            raise ImproperlyConfigured(
                f"{name}(after={after!r}): use 0 to {MAX_AFTER.days} days. timedelta(0) is at once."
            )
        if unless not in get_args(Unless):
            raise ImproperlyConfigured(
                f'{name}(unless={unless!r}): write unless="read", or "seen" for what was on their '
                "screen, too."
            )
        self.after = after
        self.unless = unless

    def __repr__(self) -> str:
        return f"{type(self).__name__}(after={self.after!r}, unless={self.unless!r})"

    def address(self, user: Any) -> str | None:
        """Where this person is reached; None for nowhere.

        Asked just before a message is made, and again just before it is handed over: another answer
        drops that message, and makes a new one.
        """
        raise NotImplementedError(f"{type(self).__name__} needs an address(user)")

    def render(self, outgoing: Outgoing) -> Any:
        """The message, as `hand_over` takes it. No network."""
        raise NotImplementedError(f"{type(self).__name__} needs a render(outgoing)")

    def hand_over(self, message: Any, address: str) -> None:
        """Hands it over, and returns once it is taken. No transaction is open.

        Raises:
            Deferred, AddressRefused, MessageRefused, Unanswered: What the other side has answered.
                Any other exception counts as Unanswered.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a hand_over(message, address)")

    def close(self) -> None:
        """Ends what is kept open between two messages; called when none is left to send."""
