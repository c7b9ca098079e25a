"""Which modules a script imports, so that a browser asks for all at once and not level by level."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parents[1] / "static" / "notify"
_IMPORT = re.compile(r'^import [^;]*?from "\./([\w-]+\.js)";', re.MULTILINE)


@cache
def modules_of(entry: str) -> tuple[str, ...]:
    """The modules that are loaded with `entry`, without itself and what it asks for later."""
    found: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            # Not `STATIC / name`: templates pass a SafeString, which pathlib does not take.
            waiting += _IMPORT.findall(Path(f"{STATIC}/{name}").read_text(encoding="utf-8"))
    return tuple(found)[1:]
