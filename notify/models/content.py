"""Validation of a notice. `check` alone refuses content; it names the field and the cure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise

from notify.changes import nests_deeper_than
from notify.exceptions import InvalidNotice
from notify.models.notices import Level

MAX_TITLE = 200
MAX_BODY = 4000
MAX_DATA_BYTES = 4096
MAX_DATA_DEPTH = 16
MAX_ACTIONS = 4
MAX_LABEL = 80
MAX_URL = 2000
MAX_NAME = 100  # of a category or a kind
MAX_KEY = 200
# Characters without ink: spaces, controls, U+2800, and Default_Ignorable_Code_Point of Unicode 16
# (DerivedCoreProperties.txt).
_INVISIBLE = re.compile(
    r"[\s\0-\x1f\x7f-\x9f\u2800\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# Representable in every time zone: offsets are shorter than a day (`datetime.tzinfo.utcoffset`).
EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
LEVELS = tuple(Level.values)  # each access to `values` makes a new list
_JSON_TYPES = "Use only strings, finite numbers, booleans, None, lists and dictionaries."
MAX_JSON_INTEGER = 2**53 - 1  # RFC 7493, 2.2: beyond it, JavaScript rounds


def check(
    *,
    title: str,
    body: str = "",
    level: str = Level.INFO,
    category: str = "",
    url: str | None = None,
    actions: Iterable[Mapping[str, str]] = (),
    data: Mapping[str, Any] | None = None,
    kind: str = "",
    about: tuple[str, Any] | None = None,
    expires: datetime | None = None,
    send_at: datetime | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Validates and normalises the arguments of `send`.

    Args:
        now: The database's time, with which `expires` will be compared. By default, this
            process's time.

    Returns:
        Values for the fields of a Notice.

    Raises:
        InvalidNotice: For the first field that cannot be sent.
    """
    about_type, about_id = (None, None) if about is None else _about(about)
    return {
        "title": _title(title),
        "body": _text("body", body, MAX_BODY),
        "level": _level(level),
        "category": _category(category),
        "kind": _text("kind", kind, MAX_NAME),
        "about_type": about_type,
        "about_id": about_id,
        "url": "" if url is None or url == "" else link("url", url),
        "actions": _actions(actions),
        "data": _data(data),
        "expires": _expires(expires, send_at, now or timezone.now()),
        "send_at": _moment("send_at", send_at),
        "key": None if key is None else _key(key),
    }


def _title(value: str) -> str:
    title = _text("title", value, MAX_TITLE)
    if not _is_visible(title):
        raise InvalidNotice("title", "must contain a visible character.")
    return title


def _category(value: str) -> str:
    category = _text("category", value, MAX_NAME)
    if category and not _is_visible(category):
        raise InvalidNotice(
            "category", "must contain a visible character. Leave it out for no category."
        )
    return category


def _is_visible(text: str) -> bool:
    return _INVISIBLE.fullmatch(text) is None


def is_storable(text: str) -> bool:
    """Whether the database and JSON can store this text."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _text(field: str, value: object, limit: int) -> str:
    if not isinstance(value, str):
        # A lazy translation is sent in the language that is active now.
        if not isinstance(value, Promise):
            raise InvalidNotice(field, f"must be a string, not {type(value).__name__}.")
        value = str(value)
    if len(value) > limit:
        raise InvalidNotice(
            field,
            f"has {len(value)} characters; at most {limit} are allowed. "
            "Shorten it, or link to the rest.",
        )
    if not is_storable(value):
        raise InvalidNotice(field, "contains a NUL or a lone surrogate. Remove it.")
    return str(value)


def _level(value: str) -> str:
    if value not in LEVELS:
        raise InvalidNotice("level", f"must be one of {', '.join(Level.values)}, not {value!r}.")
    return str(value)


def _about(value: object) -> tuple[str, str]:
    if not isinstance(value, tuple) or len(value) != 2:
        raise InvalidNotice(
            "about", f"must be an About, such as About('order', 7), or None, not {value!r:.100}."
        )
    kind_of_thing, key = value
    if isinstance(key, int | UUID) and not isinstance(key, bool):
        key = str(key)
    found = _text("about.type", kind_of_thing, MAX_NAME), _text("about.id", key, MAX_KEY)
    if not all(map(_is_visible, found)):
        raise InvalidNotice("about", "needs a type and an id with a visible character each.")
    return found


def link(field: str, value: object) -> str:
    """A link as it may be shown: a path, or an http(s) address.

    Raises:
        InvalidNotice: It is none; names the field.
    """
    url = _text(field, value, MAX_URL)
    # Browsers treat a backslash as a slash and drop tabs and newlines (WHATWG URL, 4.4).
    if "\\" not in url and url.isprintable() and " " not in url:
        if url.startswith("/") and not url.startswith("//"):
            return url
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme in {"http", "https"} and parts.hostname:
            return url
    raise InvalidNotice(
        field, f"{url!r} is not a link. Use a path such as /orders/7/, or an http(s) address."
    )


def _actions(value: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    if not isinstance(value, Iterable):
        raise InvalidNotice("actions", "must be a list of {'label': …, 'url': …}.")
    actions = list(value)
    if len(actions) > MAX_ACTIONS:
        raise InvalidNotice(
            "actions", f"has {len(actions)} actions; at most {MAX_ACTIONS} are allowed."
        )
    return [_action(action) for action in actions]


def _action(action: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(action, Mapping) or set(action) != {"label", "url"}:
        raise InvalidNotice("actions", "each must be {'label': …, 'url': …}.")
    label = _text("actions", action["label"], MAX_LABEL)
    if not _is_visible(label):
        raise InvalidNotice("actions", "each label must contain a visible character.")
    return {"label": label, "url": link("actions", action["url"])}


def _data(value: Mapping[str, Any] | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidNotice("data", f"must be a dictionary, not {type(value).__name__}.")
    if nests_deeper_than(MAX_DATA_DEPTH, value, Mapping | list | tuple):
        # Where the stack is deeper than here, reading it could exceed the recursion limit.
        raise InvalidNotice(
            "data", f"is nested more than {MAX_DATA_DEPTH} levels deep. Flatten it."
        )
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidNotice("data", f"cannot be encoded as JSON: {error}. {_JSON_TYPES}") from error
    if size > MAX_DATA_BYTES:
        raise InvalidNotice(
            "data",
            f"has {size} bytes as JSON; at most {MAX_DATA_BYTES} are allowed. Link to the rest.",
        )
    if _ESCAPED_NUL.search(text):
        raise InvalidNotice("data", "contains a NUL. Remove it.")
    parsed: dict[str, Any] = json.loads(text, parse_int=_integer)
    return parsed


def _integer(digits: str) -> int:
    number = int(digits)
    if abs(number) > MAX_JSON_INTEGER:
        raise InvalidNotice("data", f"{digits} is outside ±(2**53 - 1). Send it as a string.")
    return number


def _moment(field: str, value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or timezone.is_naive(value):
        raise InvalidNotice(
            field, "must be a datetime with a time zone, such as django.utils.timezone.now()."
        )
    if not EARLIEST <= value <= LATEST:
        raise InvalidNotice(
            field,
            "is too close to the start or end of the calendar to exist in every time zone. Leave "
            "it out instead: without `expires` a notice stays, without `send_at` it is sent now.",
        )
    value = value.astimezone(UTC)  # so that time zones do not change the fingerprint
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _expires(value: datetime | None, send_at: datetime | None, now: datetime) -> datetime | None:
    expires = _moment("expires", value)
    if expires is None:
        return None
    begins = _moment("send_at", send_at) or now
    if expires <= max(begins, now):
        raise InvalidNotice("expires", "must be later than the time of sending.")
    return expires


def _key(value: str) -> str:
    key = _text("key", value, MAX_KEY)
    if not key:
        raise InvalidNotice(
            "key", "is empty. Leave it out, or pass a text that identifies this notice."
        )
    return key
