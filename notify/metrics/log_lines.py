"""The last warnings and errors of notify's loggers in this process, in memory: what live operations
shows of the log.

They are shown to those who may see live operations, not only to those who may read the log. So of
an exception that a line is given there is its class only: its text may quote a row of the database.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Mapping
from itertools import count
from typing import Any

from notify import metrics

LINES = 20
MAX_LENGTH = 200  # of a text
_NUMBER = re.compile(r"\d+")


class LogLines(logging.Handler):
    """Belongs on the logger `notify`. Lines that differ in their numbers only count as one line,
    which has the text and the time of the last."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._lines: OrderedDict[tuple[str, ...], dict[str, Any]] = OrderedDict()
        self._numbers = count()

    def emit(self, record: logging.LogRecord) -> None:
        level = "error" if record.levelno >= logging.ERROR else "warning"
        metrics.LOG_LINES.add(level)
        text = _text(record)[:MAX_LENGTH]
        key = (record.name, level, _NUMBER.sub("0", text))
        line = self._lines.pop(key, None) or {"id": next(self._numbers), "count": 0}
        self._lines[key] = {
            "id": line["id"],
            "at": round(record.created, 3),
            "level": level,
            "logger": record.name,
            "text": text,
            "count": line["count"] + 1,
        }
        if len(self._lines) > LINES:
            self._lines.popitem(last=False)
        if logging.lastResort is not None and not _is_handled_elsewhere(record.name, self):
            logging.lastResort.handle(record)  # as if this handler did not exist

    def lines(self) -> list[dict[str, Any]]:
        """Plain JSON, the newest last: `id` within this process, `at` in Unix time, `level`
        (`warning` or `error`), `logger`, `text`, and `count`, since the first."""
        self.acquire()
        try:
            return list(self._lines.values())
        finally:
            self.release()


class _Name(str):
    __slots__ = ()
    __repr__ = str.__str__


def _name(error: BaseException) -> _Name:
    """Its class, and that of its cause, which says more of Django's database errors."""
    cause = f" ({type(error.__cause__).__name__})" if error.__cause__ else ""
    return _Name(f"{type(error).__name__}{cause}")


def _text(record: logging.LogRecord) -> str:
    shown = logging.makeLogRecord(record.__dict__)
    shown.msg = _shown(record.msg)
    if isinstance(record.args, Mapping):
        shown.args = {name: _shown(value) for name, value in record.args.items()}
    else:
        shown.args = tuple(map(_shown, record.args or ()))
    try:
        text = shown.getMessage()
    except (TypeError, ValueError):  # the line does not fit its arguments
        text = str(shown.msg)
    logged = record.exc_info[1] if record.exc_info else None
    return text if logged is None or _name(logged) in text else f"{text} {_name(logged)}"


def _shown(value: object) -> object:
    return _name(value) if isinstance(value, BaseException) else value


def _is_handled_elsewhere(name: str, own: logging.Handler) -> bool:
    logger: logging.Logger | None = logging.getLogger(name)
    while logger is not None:
        if any(one is not own for one in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False


log_lines = LogLines()
