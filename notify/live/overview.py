"""Live operations, put together of the parts of all processes."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from notify.live.rates import Part

USERS_SHOWN = 5
SLOW_SHOWN = 5
LINES_SHOWN = 50


def overview(parts: Mapping[str, tuple[float, Part]], now: float) -> dict[str, Any]:
    """What the figures of live operations say beside rates and sums.

    Args:
        parts: by process, when its part came, and the part. That of an older version has fewer
            fields.
        now: by the same clock, in seconds.

    Returns:
        `by_process`, by name; handshakes `refused` and `limits` hit, by reason, since each process
        began; `most_sockets`, by the user's key; `slow_sockets`, the user and
        the unconfirmed bytes of each; `log`, the last lines of all, the newest first.
    """
    processes = [
        {
            "key": process,
            "name": part["name"],
            "version": part["version"],
            "age": round(now - at, 1),
            "figures": part["figures"],
        }
        for process, (at, part) in parts.items()
        if "figures" in part
    ]
    slow = [one for _, part in parts.values() for one in part.get("slow_sockets", ())]
    most = _added_up(parts, "most_sockets").most_common(USERS_SHOWN)
    return {
        "by_process": sorted(processes, key=lambda one: str(one["name"])),
        "refused": dict(+_added_up(parts, "refused")),
        "limits": dict(+_added_up(parts, "limits")),
        "most_sockets": [[user, count] for user, count in most if count > 1],
        "slow_sockets": heapq.nlargest(SLOW_SHOWN, slow, key=itemgetter(1)),
        "log": _last_lines(parts),
    }


def _last_lines(parts: Mapping[str, tuple[float, Part]]) -> list[dict[str, Any]]:
    lines = [
        line | {"process": process}
        for process, (_, part) in parts.items()
        for line in part.get("log", ())
    ]
    return heapq.nlargest(LINES_SHOWN, lines, key=lambda line: line["at"])


def _added_up(parts: Mapping[str, tuple[float, Part]], field: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for _, part in parts.values():
        total.update(part.get(field, {}))
    return total
