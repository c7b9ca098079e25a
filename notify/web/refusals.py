"""How the API says no: one shape, `{"error": {"code", "message", "fields"?}}`, for every reason."""

from __future__ import annotations

import json
import logging
from math import ceil
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser

from notify import protocol, sql
from notify.exceptions import Busy, EpochChanged, InvalidNotice, KeyConflict

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_ERRORS = 20  # that an answer names; of the rest it tells how many
MAX_TEXT = 1000  # characters of one error, which may quote what was sent
BUSY_RETRY_AFTER_S = 1
UNAVAILABLE_RETRY_AFTER_S = 5


class Refusal(Exception):
    """An answer other than what was asked for; `retry_after` is in seconds."""

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
        error: dict[str, Any] = {"code": self.code, "message": _short(self.message)}
        if self.fields:
            error["fields"] = {place: _short(said) for place, said in self.fields.items()}
        # ASCII, because it may quote text that is no valid Unicode.
        response = JsonResponse({"error": error}, status=self.status)
        response["Cache-Control"] = "no-store"
        if self.status == 401:
            response["WWW-Authenticate"] = "Bearer"
        if self.wait is not None:
            response["Retry-After"] = str(self.wait)
        return response

    @property
    def wait(self) -> int | None:
        """`retry_after` in whole seconds, as the header has it."""
        return None if self.retry_after is None else max(1, ceil(self.retry_after))


class StrictParser(Parser):
    """JSON as RFC 8259 has it, and not more of it than `MAX_BODY_BYTES`."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if len(request.body) > MAX_BODY_BYTES:
            raise too_large()
        parsed: dict[str, Any] = json.loads(request.body, parse_constant=_refuse_constant)
        return parsed


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON (RFC 8259, 6)")


def too_large() -> Refusal:
    return Refusal(413, "too_large", f"A request may have {MAX_BODY_BYTES} bytes.")


def not_found(message: str = "There is no such notice.") -> Refusal:
    return Refusal(404, "not_found", message)


def unavailable(error: Exception) -> Refusal:
    """Where the database cannot be had, or not in time. Raises the error where it is another."""
    if not sql.is_away(error):
        raise error
    logger.warning("A request was answered with 503: %r", error)
    return Refusal(
        503,
        "unavailable",
        "The database does not answer, or took too long. Try again in a moment.",
        retry_after=UNAVAILABLE_RETRY_AFTER_S,
    )


def of(error: Exception) -> Refusal:  # noqa: C901  a table, written as a match
    """What is answered to this error of a library or of notify."""
    match error:
        case Refusal():
            return error
        case AuthenticationError():
            return Refusal(401, "not_signed_in", "Sign in, or send a valid API token.")
        case HttpError():
            return _of_http_error(error)
        case ValidationError():
            return _of_validation(error)
        case RequestDataTooBig():
            return too_large()
        case InvalidNotice():
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


def _of_http_error(error: HttpError) -> Refusal:
    if isinstance(error.__cause__, Refusal):  # raised in the parser, wrapped by django-ninja
        return error.__cause__
    return Refusal(error.status_code, "malformed", "The body must be JSON.")


def _of_validation(error: ValidationError) -> Refusal:
    fields = {_place(entry["loc"]): str(entry["msg"]) for entry in error.errors[:MAX_ERRORS]}
    message = "; ".join(f"{place}: {said}" for place, said in fields.items())
    if len(error.errors) > MAX_ERRORS:
        message = f"{message}; and {len(error.errors) - MAX_ERRORS} more"
    return Refusal(422, "invalid", message, fields=fields)


def _short(text: str) -> str:
    """The text, without its middle where it is long: it ends with the cure."""
    if len(text) <= MAX_TEXT:
        return text
    end = MAX_TEXT // 4
    return f"{text[: MAX_TEXT - end]} … {text[-end:]}"


def _place(location: tuple[int | str, ...]) -> str:
    """`to.users.0` of `("body", "wanted", "to", "users", 0)`; `limit` of `("query", "limit")`."""
    source, *rest = location
    return ".".join(map(str, rest[1:] if source == "body" else rest)) or "body"


ANSWERED = (
    Refusal,
    HttpError,
    ValidationError,
    RequestDataTooBig,
    InvalidNotice,
    KeyConflict,
    EpochChanged,
    Busy,
    OperationalError,
    InterfaceError,
    protocol.Refused,
)


def install(api: NinjaAPI) -> None:
    """Makes `api` answer in this shape, also where django-ninja has one of its own."""

    def answer(request: HttpRequest, error: Any) -> HttpResponse:
        return of(error).response()

    for kind in (*ANSWERED, AuthenticationError):
        api.add_exception_handler(kind, answer)
