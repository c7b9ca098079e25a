"""Frames as JSON text: one strict decoder, one compact encoder, and sizes in UTF-8."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

MAX_INTEGER = 2**53 - 1  # RFC 7493, 2.2: beyond it, JavaScript rounds
FRAME_OVERHEAD_BYTES = 400  # of an `inbox` frame without its rows, approximately


def refuse_constant(name: str) -> None:
    """A `parse_constant` for the json module that rejects NaN and Infinity.

    Raises:
        ValueError: always.
    """
    raise ValueError(f"{name} is not JSON (RFC 8259, 6)")


def _parse_integer(digits: str) -> int | None:
    # A longer one becomes None, which no field accepts: int() is slow for very long numbers.
    return int(digits) if len(digits) <= 17 else None


# Made once: json.loads and json.dumps make a new one in each call that changes a default.
decode: Callable[[str], Any] = json.JSONDecoder(
    parse_constant=refuse_constant, parse_int=_parse_integer
).decode
encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def has_lone_surrogate(text: str, frame: dict[str, Any]) -> bool:
    """Whether a string of the decoded `frame` has a lone surrogate.

    JSON can escape one (RFC 8259, 8.2), but UTF-8 cannot encode it: neither an answer that repeats
    it nor a hint could be sent.
    """
    if "\\ud" not in text.lower():
        return False
    try:
        encode(frame).encode()
    except UnicodeEncodeError:
        return True
    return False


def frame_size(rows: Iterable[str]) -> int:
    """Approximate UTF-8 bytes of an `inbox` frame with these encoded rows."""
    return FRAME_OVERHEAD_BYTES + sum(map(row_size, rows))


def row_size(row: str) -> int:
    """UTF-8 bytes of an encoded row and its comma."""
    return 1 + (len(row) if row.isascii() else len(row.encode()))
