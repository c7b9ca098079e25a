"""The protocol's version, its close codes and its error codes."""

from __future__ import annotations

from enum import IntEnum, StrEnum

VERSION = 1
SUBPROTOCOL = "notify.v1"


class Code(IntEnum):
    """Why the server closed a socket. The hundreds digit says what the client does next."""

    # 44xx: stop
    MALFORMED = 4400
    NOT_SIGNED_IN = 4401
    FORBIDDEN = 4403
    UNSUPPORTED_VERSION = 4406
    TOO_MANY_SOCKETS = 4409
    # 45xx: back off
    INTERNAL_ERROR = 4500
    RESTARTING = 4503
    PING_TIMEOUT = 4504
    PROCESS_FULL = 4507
    SLOW_READER = 4508
    TOO_MANY_FRAMES = 4529
    # 46xx: reconnect at once
    MAXIMUM_AGE = 4601


class Error(StrEnum):
    """The codes of `error` frames."""

    INVALID = "invalid"
    UNKNOWN_TYPE = "unknown_type"
    FORBIDDEN = "forbidden"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"


class Malformed(Exception):
    """The message is not a frame: the socket is closed with 4400."""


class Refused(Exception):
    """A frame that cannot be carried out. It is answered by an `error` frame, and the socket stays
    open; `retry_after` is in seconds. `changed` is how many notifications a mark has changed before
    it failed; None where it says nothing about a mark that was begun."""

    def __init__(
        self,
        code: Error,
        message: str,
        *,
        ref: str | None = None,
        retry_after: float | None = None,
        changed: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.ref = ref
        self.retry_after = retry_after
        self.changed = changed
