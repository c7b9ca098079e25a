"""Plain data that the inbox and the sockets exchange; it imports neither of them.

Users are named by `str(user.pk)`, so that integers and UUIDs travel alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Row = dict[str, Any]
"""A notification as docs/protocol.md describes it ("A notification"), ready for JSON."""


class TypedRow(dict[str, Any]):
    """A row of a notice that is of a `Kind`, with its texts in the site's language.

    `params` are the kind's fields as JSON. They are no item of the row, so no browser gets them.
    """

    __slots__ = ("params",)

    def __init__(self, row: Row, params: str) -> None:
        super().__init__(row)
        self.params = params


class Locale(NamedTuple):
    """How a client is told texts: a language of `LANGUAGES`, and a zone of the IANA database."""

    language: str
    zone: str


class Cursor(NamedTuple):
    """What a client holds: the inbox up to version `since`, in this epoch."""

    epoch: str
    since: int


class Step(NamedTuple):
    """One inbox went from version `start` to version `to`; the counts are those at `to`."""

    user: str
    epoch: str
    start: int
    to: int
    unseen: int
    unread: int
    badge: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction did to one or more inboxes.

    `arrivals` are the notices that arrived in all of them, in this order. In each inbox, the first
    one's row has the step's `start` + 1 as `arrived` and `version`, the last one's the step's
    `to`. `rows` are the changed rows, where a single inbox changed. With neither, the rows must be
    read from the database, as they must be for the users in `filed`, whose copy of an arrival is
    not in their inbox: what differs from person to person is in no row that is pushed. `changed` is
    how many rows a mark or an undo has changed.
    """

    steps: list[Step]
    arrivals: Sequence[Row] = ()
    rows: list[Row] | None = None
    filed: frozenset[str] = frozenset()
    changed: int = 0

    def parts(self) -> Sequence[Change]:
        """The same as changes of one form each: with rows for all, or for none."""
        if not self.filed:
            return [self]
        with_rows = [step for step in self.steps if step.user not in self.filed]
        without = [step for step in self.steps if step.user in self.filed]
        parts = Change(with_rows, self.arrivals, self.rows), Change(without)
        return [part for part in parts if part.steps]


@dataclass(frozen=True, slots=True)
class Reading:
    """One inbox, read in one statement.

    Without `reset`, `rows` are all that changed after `since`, in the order of versions. With it,
    they are the newest that are neither archived nor recalled, newest first; if there are more,
    `next` is the `arrived` of the last one.
    """

    user: str
    epoch: str
    version: int
    unseen: int
    unread: int
    badge: int
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
