"""Bodies of the API: JSON as the protocol writes it, not escaped to ASCII, kept by no cache."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse

from notify import protocol
from notify.protocol.times import rfc3339


def answer(value: Any, status: int = 200) -> HttpResponse:
    return encoded(protocol.encode(value), status)


def encoded(text: str, status: int = 200) -> HttpResponse:
    """An answer of what is JSON already."""
    response = HttpResponse(text, content_type="application/json", status=status)
    response["Cache-Control"] = "no-store"
    return response


def moment(value: datetime | None) -> str | None:
    return None if value is None else rfc3339(value)
