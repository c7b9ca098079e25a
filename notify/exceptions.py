"""The exceptions that notify raises on purpose.

    NotifyError
    ├── InvalidNotice       also a ValueError
    │   ├── EmptyAudience
    │   └── UnknownUsers
    ├── InvalidPreference   also a ValueError
    ├── KeyConflict
    ├── EpochChanged
    └── Busy

Commands raise them; the edges translate them into a close code, an `error` frame or an HTTP
status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NAMES_LISTED = 20


class NotifyError(Exception):
    """The base class of all of them.

    Attributes:
        index: In `send_many`, which of the notices is wrong, from 0; else None.
    """

    index: int | None = None

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.index is None else f"notices[{self.index}]: {text}"


class InvalidNotice(NotifyError, ValueError):
    """A notice cannot be sent as it is.

    Attributes:
        field: The argument of `send` that is wrong.
        message: What is wrong with it.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class EmptyAudience(InvalidNotice):
    """The notice has no recipients."""

    def __init__(self, message: str) -> None:
        super().__init__("to", message)


class UnknownUsers(InvalidNotice):
    """Some of the named users do not exist; nothing was sent.

    Attributes:
        names: All unknown names, sorted. The message lists the first 20.
    """

    def __init__(self, names: Iterable[object]) -> None:
        self.names = sorted(str(name) for name in names)
        super().__init__("to", f"no such user: {some_of(self.names)}. Nothing was sent.")


def some_of(names: Sequence[str]) -> str:
    """The first names and the number of the others, for a message."""
    listed = ", ".join(names[:NAMES_LISTED])
    more = len(names) - NAMES_LISTED
    return f"{listed} and {more} more" if more > 0 else listed


class InvalidPreference(NotifyError, ValueError):
    """What somebody wants cannot be stored as it is.

    Attributes:
        field: The argument that is wrong.
        message: What is wrong with it.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class KeyConflict(NotifyError):
    """This sender has used the idempotency key for a notice with other content.

    Attributes:
        key: The idempotency key.
        notice_id: The notice that has it.
    """

    def __init__(self, key: str, notice_id: int) -> None:
        super().__init__(
            f"key {key!r} was already used for notice {notice_id}, which has different content. "
            "Use a new key for a new notice, or repeat the call with the same arguments."
        )
        self.key = key
        self.notice_id = notice_id


class EpochChanged(NotifyError):
    """A cursor belongs to an earlier epoch of the inbox: read the inbox again."""


class Busy(NotifyError):
    """Locks were not granted in time, even after retries: try again."""
