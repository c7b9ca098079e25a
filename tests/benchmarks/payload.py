"""The notification that every contender delivers: 250 bytes of JSON, numbered."""

import json
from typing import Any

BYTES = 250
PADDING = "Track it, change the address or talk to the driver until it is at your door. "


def notification(n: int) -> dict[str, Any]:
    """The notification number `n`: `BYTES` long as compact JSON."""
    said = {
        "type": "notification",
        "n": n,
        "level": "info",
        "title": f"Order {n} is on its way",
        "body": "",
        "url": f"/orders/{n}/",
        "created": "2026-01-31T09:00:00.000Z",
    }
    missing = BYTES - len(json.dumps(said, separators=(",", ":")))
    return said | {"body": (PADDING * 4)[:missing]}


def short(n: int) -> str:
    """A title only, as longer texts would hide the cost of what is stored beside them."""
    return f"Order {n} is on its way"
