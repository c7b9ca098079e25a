"""Error responses of the API. All have the shape `{"error": {"code", "message", "fields"?}}`."""

from __future__ import annotations

import logging
from math import ceil
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, JsonResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError

from notify import protocol, sql
from notify.exceptions import (
    Busy,
    EpochChanged,
    InvalidNotice,
    InvalidPreference,
    KeyConflict,
)

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_ERRORS = 20  # listed in one response, which gives the number of the others
MAX_TEXT = 1000  # characters of one error, which may quote the request
BUSY_RETRY_AFTER_S = 1
UNAVAILABLE_RETRY_AFTER_S = 5


class Refusal(Exception):
    """A request is answered by an error; `retry_after` is in seconds."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        fields: dict[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        self.retry_after = retry_after

    def response(self) -> HttpResponse:
        error: dict[str, Any] = {"code": self.code, "message": _shortened(self.message)}
        if self.fields:
            error["fields"] = {name: _shortened(text) for name, text in self.fields.items()}
        # Escaped to ASCII, because it may quote text that is not valid Unicode.
        response = JsonResponse({"error": error}, status=self.status)
        response["Cache-Control"] = "no-store"
        if self.status == 401:
            response["WWW-Authenticate"] = "Bearer"
        if self.wait is not None:
            response["Retry-After"] = str(self.wait)
        return response

    @property
    def wait(self) -> int | None:
        """`retry_after` in whole seconds, as the header needs it."""
        return None if self.retry_after is None else max(1, ceil(self.retry_after))


def forbidden(permission: str, by: str = "You need") -> Refusal:
    """A 403 that names the missing permission; `by` says who needs it."""
    return Refusal(403, "forbidden", f"{by} the permission `{permission}`.")


def too_large() -> Refusal:
    return Refusal(
        413, "too_large", f"The body is too large: at most {MAX_BODY_BYTES:,} bytes are allowed."
    )


def not_found(message: str = "There is no notice with this ID.") -> Refusal:
    return Refusal(404, "not_found", message)


def unavailable(error: Exception) -> Refusal:
    """A 503 for a database that is unreachable or too slow. Re-raises any other error."""
    if not sql.is_away(error):
        raise error
    logger.warning("A request was answered with 503: %r", error)
    return Refusal(
        503,
        "unavailable",
        "The database isn't responding, or took too long. Try again in a moment.",
        retry_after=UNAVAILABLE_RETRY_AFTER_S,
    )


def from_error(error: Exception) -> Refusal:  # noqa: C901  a table, written as a match
    """The refusal for an error of Django, django-ninja or notify. Re-raises any other error."""
    match error:
        case Refusal():
            return error
        case AuthenticationError():
            return Refusal(401, "not_signed_in", "Sign in, or send a valid API token.")
        case HttpError():
            return _from_http_error(error)
        case ValidationError():
            return _from_validation(error)
        case RequestDataTooBig():
            return too_large()
        case InvalidNotice() | InvalidPreference():
            return Refusal(422, "invalid", str(error), fields={error.field: error.message})
        case KeyConflict():
            return Refusal(409, "key", str(error), fields={"key": str(error)})
        case EpochChanged():
            return Refusal(409, "epoch", str(error))
        case Busy():
            return Refusal(429, "busy", str(error), retry_after=BUSY_RETRY_AFTER_S)
        case OperationalError() | InterfaceError():
            return unavailable(error)
        case protocol.Refused():
            field, _, message = error.message.partition(": ")
            return Refusal(422, str(error.code), error.message, fields={field: message})
    raise error


HANDLED_ERRORS = (
    Refusal,
    HttpError,
    ValidationError,
    RequestDataTooBig,
    InvalidNotice,
    InvalidPreference,
    KeyConflict,
    EpochChanged,
    Busy,
    OperationalError,
    InterfaceError,
    protocol.Refused,
)


def _from_http_error(error: HttpError) -> Refusal:
    if isinstance(error.__cause__, Refusal):  # raised in the parser, wrapped by django-ninja
        return error.__cause__
    return Refusal(error.status_code, "malformed", "The body must be JSON.")


def _from_validation(error: ValidationError) -> Refusal:
    fields = {_field(entry["loc"]): str(entry["msg"]) for entry in error.errors[:MAX_ERRORS]}
    message = "; ".join(f"{field}: {text}" for field, text in fields.items())
    if len(error.errors) > MAX_ERRORS:
        message = f"{message}; and {len(error.errors) - MAX_ERRORS} more"
    return Refusal(422, "invalid", message, fields=fields)


def _shortened(text: str) -> str:
    """A long text without its middle. Its end stays, as it says what to do."""
    if len(text) <= MAX_TEXT:
        return text
    end = MAX_TEXT // 4
    return f"{text[: MAX_TEXT - end]} … {text[-end:]}"


def _field(location: tuple[int | str, ...]) -> str:
    """`to.users.0` of `("body", "body", "to", "users", 0)`; `limit` of `("query", "limit")`."""
    source, *rest = location
    return ".".join(map(str, rest[1:] if source == "body" else rest)) or "body"
