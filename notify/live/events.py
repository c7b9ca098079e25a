"""One log line for each thing that happens to a socket: `closed id=… user=3 code=4401 …`.

Whatever a client may have written is quoted and escaped, so that no value can begin a line or
look like another field. No secret and no text of a notice is ever given to this.
"""

from __future__ import annotations

import json
import logging
import re

logger = logging.getLogger("notify.sockets")

MAX_LENGTH = 200
_PLAIN = re.compile(r"[A-Za-z0-9_.:+@-]+")


def log(event: str, **fields: object) -> None:
    """Logs the event; fields that are None are left out."""
    if logger.isEnabledFor(logging.INFO):
        said = [f"{name}={_written(value)}" for name, value in fields.items() if value is not None]
        logger.info("%s %s", event, " ".join(said))


def _written(value: object) -> str:
    text = (
        f"{value:.3f}".rstrip("0").rstrip(".")
        if isinstance(value, float)
        else str(value)[:MAX_LENGTH]
    )
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
