"""What a notice may say. `check` is the one place that refuses; it names the field and the cure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.functional import Promise

from notify.changes import nests_deeper_than
from notify.exceptions import InvalidNotice
from notify.models import Level

MAX_TITLE = 200
MAX_BODY = 4000
MAX_DATA_BYTES = 4096
MAX_DATA_DEPTH = 16
MAX_ACTIONS = 4
MAX_LABEL = 80
MAX_URL = 2000
MAX_NAME = 100  # of a category or a kind
MAX_KEY = 200
# What draws nothing: spaces, controls, U+2800, and Default_Ignorable_Code_Point of Unicode 16
# (DerivedCoreProperties.txt).
_INVISIBLE = re.compile(
    r"[\s\0-\x1f\x7f-\x9f\u2800\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*"
)
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# What every time zone can tell: no offset is a day or more (`datetime.tzinfo.utcoffset`).
EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
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
    expires: datetime | None = None,
    send_at: datetime | None = None,
    key: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The fields of a Notice; raises InvalidNotice at the first that cannot be sent. `now` is the
    time by the clock that `expires` will be compared with, the database's."""
    return {
        "title": _title(title),
        "body": _text("body", body, MAX_BODY),
        "level": _level(level),
        "category": _category(category),
        "kind": _text("kind", kind, MAX_NAME),
        "url": "" if url is None or url == "" else _url("url", url),
        "actions": _actions(actions),
        "data": _data(data),
        "expires": _expires(expires, send_at, now or timezone.now()),
        "send_at": _moment("send_at", send_at),
        "key": None if key is None else _key(key),
    }


def _title(value: str) -> str:
    title = _text("title", value, MAX_TITLE)
    if not _shows(title):
        raise InvalidNotice("title", "a notice needs one that can be seen.")
    return title


def _category(value: str) -> str:
    category = _text("category", value, MAX_NAME)
    if category and not _shows(category):
        raise InvalidNotice("category", "cannot be seen. Leave it out, or name one.")
    return category


def _shows(text: str) -> bool:
    return _INVISIBLE.fullmatch(text) is None


def is_storable(text: str) -> bool:
    """Whether the database and JSON can hold it."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _text(field: str, value: object, limit: int) -> str:
    if not isinstance(value, str):
        # A lazy translation is text too, and is told as it reads now.
        if not isinstance(value, Promise):
            raise InvalidNotice(field, f"must be a string, not {type(value).__name__}.")
        value = str(value)
    if len(value) > limit:
        raise InvalidNotice(
            field, f"{len(value)} characters, at most {limit} fit. Shorten it, or link to the rest."
        )
    if not is_storable(value):
        raise InvalidNotice(field, "holds a NUL or half of a surrogate pair. Remove it.")
    return str(value)


def _level(value: str) -> str:
    if value not in Level.values:
        raise InvalidNotice("level", f"{value!r} is none of {', '.join(Level.values)}.")
    return str(value)


def _url(field: str, value: object) -> str:
    url = _text(field, value, MAX_URL)
    # Browsers read a backslash as a slash and drop tabs and line ends (WHATWG URL, 4.4).
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
        field, f"{url!r} is no link. Give a path such as /orders/7/, or an http(s) address."
    )


def _actions(value: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    if not isinstance(value, Iterable):
        raise InvalidNotice("actions", "must be a list of {'label': …, 'url': …}.")
    actions = list(value)
    if len(actions) > MAX_ACTIONS:
        raise InvalidNotice("actions", f"{len(actions)} are too many; at most {MAX_ACTIONS} fit.")
    return [_action(action) for action in actions]


def _action(action: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(action, Mapping) or set(action) != {"label", "url"}:
        raise InvalidNotice("actions", "each is {'label': …, 'url': …}.")
    label = _text("actions", action["label"], MAX_LABEL)
    if not _shows(label):
        raise InvalidNotice("actions", "each needs a label that can be seen.")
    return {"label": label, "url": _url("actions", action["url"])}


def _data(value: Mapping[str, Any] | None) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidNotice("data", f"must be a dictionary, not {type(value).__name__}.")
    if nests_deeper_than(MAX_DATA_DEPTH, value, Mapping | list | tuple):
        # What is only just read here may not be where the stack is deeper, in every recipient's.
        raise InvalidNotice("data", f"is more than {MAX_DATA_DEPTH} deep. Flatten it.")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidNotice("data", f"cannot be written as JSON: {error}.") from error
    if size > MAX_DATA_BYTES:
        raise InvalidNotice(
            "data", f"{size} bytes as JSON, at most {MAX_DATA_BYTES} fit. Send a link to the rest."
        )
    if _ESCAPED_NUL.search(text):
        raise InvalidNotice("data", "holds a NUL. Remove it.")
    parsed: dict[str, Any] = json.loads(text, parse_int=_integer)
    return parsed


def _integer(digits: str) -> int:
    number = int(digits)
    if abs(number) > MAX_JSON_INTEGER:
        raise InvalidNotice("data", f"{digits} is beyond 2**53 - 1. Send it as a string.")
    return number


def _moment(field: str, value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime) or timezone.is_naive(value):
        raise InvalidNotice(
            field, "must be a datetime with a time zone, as from django.utils.timezone.now()."
        )
    if not EARLIEST <= value <= LATEST:
        raise InvalidNotice(
            field,
            "is at an end of the calendar, where not every time zone can tell it. "
            "Leave it out where you mean never, or at once.",
        )
    value = value.astimezone(UTC)  # the same moment in another zone is the same notice
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
        raise InvalidNotice("key", "is empty. Leave it out, or give what names this notice.")
    return key
