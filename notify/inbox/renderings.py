"""Rows of kinds in the language of who reads them.

The row of a notice has its texts in the site's language. Where the notice is of a `Kind`, they are
made anew of its fields, for each language once: here, for what is pushed and for what is read.
"""

from __future__ import annotations

import functools
import json
import logging
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from notify.changes import Locale, Reading, Row, TypedRow
from notify.kinds import fields, registry, rendering
from notify.models import content

logger = logging.getLogger(__name__)

MOST_KEPT = 1024  # with up to 12 KiB each
LOG_INTERVAL_S = 60.0
_TEXTS = ("title", "body", "url", "actions", "data")

_logged_at: dict[str, float] = {}  # by the key of a kind that failed


def in_locale(reading: Reading, locale: Locale) -> Reading:
    """A reading whose rows are as `shown`."""
    return replace(reading, rows=[shown(row, locale) for row in reading.rows])


def shown(row: Row, locale: Locale) -> Row:
    """The row with its texts in this locale; the row itself where its notice is of no kind.

    Its stored texts stay where the kind raises, or makes what could not be sent, and where this
    process has no such kind; the row says the latter (`fallback`). Never raises.
    """
    if not isinstance(row, TypedRow):
        return row
    kind: Any = registry.get(row["kind"])
    if kind is None:
        return {**row, "fallback": True}
    zone = locale.zone if fields.has_time(kind) else None
    try:
        return {**row, **_texts(kind, row.params, locale.language, zone)}
    except Exception as error:  # noqa: BLE001  the code of a project
        _note_failure(row["kind"], error)
        return {**row}


@functools.lru_cache(MOST_KEPT)
def _texts(kind: Any, params: str, language: str, zone: str | None) -> Mapping[str, Any]:
    """The texts of a row. What raises is not kept, and tried again."""
    one = fields.read(kind, json.loads(params))
    checked = content.check(**rendering.contents(one, language, zone))
    return {name: checked[name] for name in _TEXTS} | {"url": checked["url"] or None}


def _note_failure(key: str, error: Exception) -> None:
    """Logs where it failed, and not with what values: they are nobody's but the recipients'."""
    now = time.monotonic()
    if now - _logged_at.get(key, -LOG_INTERVAL_S) >= LOG_INTERVAL_S:
        _logged_at[key] = now
        logger.error(
            "Notices of kind %r are shown as they were sent: %s. `manage.py notify_kinds "
            "--render %s` shows the kind in all languages.",
            *(key, _what_failed(error), key),
        )


def _what_failed(error: Exception) -> str:
    if isinstance(error, rendering.LazyText):
        return str(error).removesuffix(".")
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {where.filename}:{where.lineno}"
