"""What travels between the inbox and the sockets: plain data, known to both, knowing neither.

Users are named by `str(user.pk)`, so that integers and UUIDs travel alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Row = dict[str, Any]
"""A notification in the shape of PROTOCOL ("A notification"), ready for JSON."""


class Cursor(NamedTuple):
    """What a client holds: all of the inbox up to `since`, in this life of its counter."""

    epoch: str
    since: int


class Step(NamedTuple):
    """One inbox went from version `start` to version `to`; the counts are those after it."""

    user: str
    epoch: str
    start: int
    to: int
    unseen: int
    unread: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to one or more inboxes.

    `arrivals` are the notices that arrived in all of them, in this order; the first one's row in
    each inbox has the step's `start` + 1 as `arrived` and `version`, the last one's the step's
    `to`. `rows` are the changed rows of the one inbox that changed. With neither, whoever needs
    the rows reads them from the store.
    """

    steps: list[Step]
    arrivals: Sequence[Row] = ()
    rows: list[Row] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """One inbox, read in one statement.

    Without `reset`, `rows` are all that changed after `since`, by version; with it, the newest
    that are neither archived nor recalled, by arrival, newest first, and `next` is the `arrived`
    of the last where there are more.
    """

    user: str
    epoch: str
    version: int
    unseen: int
    unread: int
    since: int = 0
    reset: bool = False
    rows: list[Row] = field(default_factory=list)
    next: int | None = None


def nests_deeper_than(limit: int, value: Any, containers: Any = dict | list) -> bool:
    """Whether data for JSON has more than `limit` levels of `containers` (mappings, sequences)."""
    level = [value]
    for _ in range(limit):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
            if isinstance(inner, containers)
        ]
        if not level:
            return False
    return True
