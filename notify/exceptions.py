"""What can go wrong, as one small tree. Services raise these; the edges translate them
into a close code, an `error` frame or an HTTP status."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NAMES_LISTED = 20


class NotifyError(Exception):
    """Everything that notify raises on purpose."""


class InvalidNotice(NotifyError, ValueError):
    """A notice cannot be sent as it is written; `field` is the argument of `send` at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class EmptyAudience(InvalidNotice):
    """Nobody is left to send to."""

    def __init__(self, message: str) -> None:
        super().__init__("to", message)


class UnknownUsers(InvalidNotice):
    """Some of the named users do not exist; nothing was sent. `names` has them all, the message
    the first few."""

    def __init__(self, names: Iterable[object]) -> None:
        self.names = sorted(str(name) for name in names)
        super().__init__("to", f"no such user: {some_of(self.names)}. Nothing was sent.")


def some_of(names: Sequence[str]) -> str:
    """The first few names, and how many more there are, for a message."""
    listed = ", ".join(names[:NAMES_LISTED])
    more = len(names) - NAMES_LISTED
    return f"{listed} and {more} more" if more > 0 else listed


class KeyConflict(NotifyError):
    """The idempotency key was used by this sender for a notice with other content."""

    def __init__(self, key: str, notice_id: int) -> None:
        super().__init__(
            f"key {key!r} already belongs to notice {notice_id}, which says something else. "
            "Use a new key for a new notice, or repeat the call with the same arguments."
        )
        self.key = key
        self.notice_id = notice_id


class InvalidMark(NotifyError, ValueError):
    """A mark cannot be carried out as it is written; `field` is the one at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class EpochChanged(NotifyError):
    """A cursor of another life of the inbox: the caller must read the inbox anew."""


class Busy(NotifyError):
    """Locks could not be had in time, even on retries; try again."""
