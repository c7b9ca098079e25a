"""JSON responses of the API: encoded as on the socket, not escaped to ASCII, never cached."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse

from notify import protocol
from notify.protocol.times import rfc3339


def json_response(value: Any, status: int = 200) -> HttpResponse:
    return encoded_response(protocol.encode(value), status)


def encoded_response(text: str, status: int = 200) -> HttpResponse:
    """A response whose body is JSON text already."""
    response = HttpResponse(text, content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    return response


def timestamp(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)
