"""One log line for each event of a socket: `closed id=… user=3 code=4401 …`.

Values that may come from a client are quoted and escaped, so that no value can begin a line or
look like another field. Secrets and texts of notices are never logged here.
"""

from __future__ import annotations

import json
import logging
import re

logger = logging.getLogger("notify.sockets")

MAX_LENGTH = 200
_PLAIN = re.compile(r"[A-Za-z0-9_.:+@-]+")


def log(event: str, **fields: object) -> None:
    """Logs the event. Leaves out fields that are None."""
    if logger.isEnabledFor(logging.INFO):
        shown = [f"{name}={_quoted(value)}" for name, value in fields.items() if value is not None]
        logger.info("%s %s", event, " ".join(shown))


def _quoted(value: object) -> str:
    text = (
        f"{value:.3f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else str(value)[:MAX_LENGTH]
    )
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
