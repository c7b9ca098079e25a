"""A client of the protocol without I/O: docs/protocol.md, "Client rules", and nothing else."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from notify.changes import Cursor

Frame = dict[str, Any]


class Asked(NamedTuple):
    """A page that was asked for: of which epoch, and after how many resets."""

    epoch: str
    resets: int
    before: int


class ModelClient:
    """What one browser holds of one user's inbox."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.cursor: Cursor | None = None
        self.unseen = 0
        self.unread = 0
        self.badge = 0
        self.rows: dict[int, Frame] = {}
        self.edge = 0  # the window shows what arrived here or later; 0: it shows all
        self.resets = 0

    def receive(self, text: str) -> bool:
        """Takes an `inbox` frame. Whether it lacks something, and so would send `sync`."""
        frame = json.loads(text)
        assert frame["type"] == "inbox"
        if frame.get("reset"):
            self._replace(frame)
        elif self._misses_what_is_before(frame):
            return True
        elif frame["to"] <= self._version:
            return False
        else:
            self._merge(frame["notifications"])
        self.cursor = Cursor(frame["epoch"], frame["to"])
        self.unseen, self.unread, self.badge = frame["unseen"], frame["unread"], frame["badge"]
        return False

    def ask_for_more(self) -> Asked | None:
        """The next page below the window, if there is one."""
        if self.cursor is None or self.edge == 0:
            return None
        return Asked(self.cursor.epoch, self.resets, self.edge)

    def receive_page(self, asked: Asked, epoch: str, rows: list[Frame], following: int | None):
        """Takes a page, unless a reset came between; a page moves the window's edge."""
        if asked.resets != self.resets or epoch != asked.epoch:
            return
        self._merge(rows)
        self.edge = following or 0

    @property
    def shown(self) -> list[Frame]:
        rows = (
            row
            for row in self.rows.values()
            if row["arrived"] >= self.edge and row["archived"] is None and row["recalled"] is None
        )
        return sorted(rows, key=lambda row: int(row["arrived"]), reverse=True)

    @property
    def _version(self) -> int:
        return 0 if self.cursor is None else self.cursor.since

    def _misses_what_is_before(self, frame: Frame) -> bool:
        of_another_life = self.cursor is None or frame["epoch"] != self.cursor.epoch
        return of_another_life or frame["from"] > self._version

    def _replace(self, frame: Frame) -> None:
        self.resets += 1
        self.rows = {row["id"]: row for row in frame["notifications"]}
        self.edge = frame["next"] or 0

    def _merge(self, rows: list[Frame]) -> None:
        for row in rows:
            held = self.rows.get(row["id"])
            if held is None or held["version"] < row["version"]:
                self.rows[row["id"]] = row
