"""What must hold after every fault: the log of the senders, the database, and what every client
holds are one story. It counts what is lost and what came twice, and names each.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from notify.inbox import reading
from notify.models import Batch, Notice, Notification, Place
from tests.faults.follower import Follower

MAX_PROBLEMS = 20


@dataclass
class Outcome:
    """One line of docs/faults.md, and what is wrong."""

    clients: int = 0
    notices: int = 0
    deliveries: int = 0  # a notice to ten users is ten
    lost: int = 0
    doubled: int = 0
    resets: int = 0
    worst_delay: float | None = None  # from just before the commit to a live client, in seconds
    note: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        delay = "" if self.worst_delay is None else f", worst delay {self.worst_delay:.2f} s"
        return (
            f"clients {self.clients}, notices {self.notices}, deliveries {self.deliveries},"
            f" lost {self.lost}, doubled {self.doubled}{delay}; {self.note}"
        )

    def assert_good(self) -> None:
        shown = "\n".join(self.problems[:MAX_PROBLEMS])
        assert not self.problems, f"{len(self.problems)} problems:\n{shown}"
        assert (self.lost, self.doubled) == (0, 0)


@dataclass
class Truth:
    """What the senders say that they committed, and undid."""

    committed: dict[int, tuple[list[int], float]] = field(default_factory=dict)
    undone: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, logs: Iterable[Path]) -> Truth:
        truth = cls()
        for log in logs:
            for line in log.read_text().splitlines():
                if not line.endswith("}"):
                    continue  # its sender was killed in the middle of the line
                entry = json.loads(line)
                if "id" in entry:
                    truth.committed[entry["id"]] = (entry["to"], entry["at"])
                elif "undone" in entry:
                    truth.undone.add(entry["undone"])
        return truth


@dataclass
class Row:
    arrived: int
    version: int
    title: str
    seen: bool
    read: bool
    place: Place

    @property
    def live(self) -> bool:
        return self.place == Place.INBOX


@dataclass
class Database:
    """All inboxes, read while nobody writes."""

    heads: dict[str, Any]
    rows: dict[int, dict[int, Row]]  # by user, by notice
    recipients: dict[int, set[int]]  # by notice: of its batches, or without any, who has a copy
    titles: set[str]

    @classmethod
    def read(cls, users: Sequence[int]) -> Database:
        heads = reading.heads([str(user) for user in users])
        rows: dict[int, dict[int, Row]] = defaultdict(dict)
        fields = ("arrived", "version", "notice__title", "seen", "read", "place")
        found = Notification.objects.filter(user__in=users).values_list("user", "notice", *fields)
        for user, notice, arrived, version, title, seen, read, place in found.iterator(10_000):
            rows[user][notice] = Row(
                arrived, version, title, seen is not None, read is not None, Place(place)
            )
        recipients = cls._recipients(rows)
        titles = set(Notice.objects.values_list("title", flat=True))
        return cls(heads, rows, recipients, titles)

    @staticmethod
    def _recipients(rows: dict[int, dict[int, Row]]) -> dict[int, set[int]]:
        """A notice that was written and appended in one transaction has no batches. Whether all
        have it is told by the log of its sender."""
        recipients: dict[int, set[int]] = defaultdict(set)
        batches = Batch.objects.filter(size__gt=0).values_list("notice", "recipients")
        for notice, keys in batches.iterator(100):
            recipients[notice].update(keys)
        with_batches = set(recipients)
        for user, copies in rows.items():
            for notice in copies.keys() - with_batches:
                recipients[notice].add(user)
        return recipients


def judge(
    truth: Truth, database: Database, followers: Sequence[Follower], *, only_arrivals: bool = True
) -> Outcome:
    """`only_arrivals`: nothing but sends has changed the inboxes, so versions have no gap."""
    outcome = Outcome(clients=len(followers))
    outcome.notices = len(database.recipients)
    outcome.deliveries = sum(map(len, database.recipients.values()))
    _judge_database(truth, database, outcome)
    for user, rows in database.rows.items():
        _judge_inbox(user, rows, database.heads[str(user)], outcome, only_arrivals=only_arrivals)
    for follower in followers:
        _judge_follower(follower, database, outcome)
    outcome.worst_delay = max(delays(truth, followers), default=None)
    return outcome


def _judge_database(truth: Truth, database: Database, outcome: Outcome) -> None:
    for notice, (recipients, _) in truth.committed.items():
        stored = database.recipients.get(notice, set())
        if stored != set(recipients):
            outcome.lost += len(set(recipients) - stored)
            outcome.problems.append(
                f"notice {notice} was committed to others than it is stored for"
            )
    for notice, users in database.recipients.items():
        missing = [user for user in users if notice not in database.rows[user]]
        if missing:
            outcome.lost += len(missing)
            outcome.problems.append(f"notice {notice} is not in the inboxes of {missing[:5]}")
    for user, rows in database.rows.items():
        for notice in rows:
            if user not in database.recipients[notice]:
                outcome.problems.append(f"notice {notice} is in the inbox of {user}, not its own")
    for title in truth.undone & database.titles:
        outcome.problems.append(f"{title} was rolled back and is there")


def _judge_inbox(
    user: int, rows: dict[int, Row], head: Any, outcome: Outcome, *, only_arrivals: bool
) -> None:
    titles = Counter(row.title for row in rows.values())
    for title, times in titles.items():
        if times > 1:
            outcome.doubled += times - 1
            outcome.problems.append(f"user {user} has {title} {times} times")
    arrivals = sorted(row.arrived for row in rows.values())
    if only_arrivals and arrivals != list(range(1, head.version + 1)):
        outcome.problems.append(f"the versions of user {user} have gaps or doubles")
    if len(set(arrivals)) != len(arrivals):
        outcome.problems.append(f"two rows of user {user} arrived at one version")
    unseen = sum(row.live and not row.seen for row in rows.values())
    unread = sum(row.live and not row.read for row in rows.values())
    # Nobody opens a bell here, so all that is unseen rings.
    if (unseen, unread, unseen) != (head.unseen, head.unread, head.badge):
        outcome.problems.append(
            f"user {user}: {unseen}/{unread} are unseen/unread, the inbox says "
            f"{head.unseen}/{head.unread}, its bell {head.badge}"
        )


def _judge_follower(follower: Follower, database: Database, outcome: Outcome) -> None:
    name = f"a client of user {follower.user_pk}"
    rows, head = database.rows[follower.user_pk], database.heads[str(follower.user_pk)]
    outcome.resets += follower.resets
    if follower.doubled:
        outcome.doubled += follower.doubled
        outcome.problems.append(f"{name} got {follower.doubled} rows twice")
    if follower.failure is not None:
        outcome.problems.append(f"{name} failed: {follower.failure!r}")
    in_window = [(n, row) for n, row in rows.items() if row.arrived >= follower.edge and row.live]
    in_window.sort(key=lambda entry: -entry[1].arrived)
    held, true = [row["id"] for row in follower.shown], [notice for notice, _ in in_window]
    if held != true:
        missing = set(true) - set(held)
        outcome.lost += len(missing)
        outcome.problems.append(
            f"{name} lacks {sorted(missing)[:5]}, has too much {sorted(set(held) - set(true))[:5]}"
            f" (its version {follower.version}, the inbox's {head.version})"
        )
    for notice, row in in_window:
        shown = follower.rows.get(notice)
        if shown is not None and (
            (shown["version"], shown["arrived"], shown["title"])
            != (row.version, row.arrived, row.title)
            or (shown["seen"] is not None, shown["read"] is not None) != (row.seen, row.read)
        ):
            outcome.problems.append(f"{name} shows notice {notice} otherwise than it is")
    told = (follower.epoch, follower.version, follower.unseen, follower.unread)
    if told != (head.epoch, head.version, head.unseen, head.unread):
        outcome.problems.append(f"{name} was told {told}, true is {head}")
    if follower.edge == 0:
        counted = sum(not row["read"] for row in follower.shown)
        if counted != follower.unread:
            outcome.problems.append(f"{name} counts {counted} unread, was told {follower.unread}")


def delays(truth: Truth, followers: Sequence[Follower]) -> Iterable[float]:
    """Of each delivery to a live client, from just before its commit, in seconds."""
    for follower in followers:
        for notice, seen in follower.first_seen.items():
            _, at = truth.committed.get(notice, (None, 0.0))
            if at > follower.began:  # else it came with the first reset
                yield max(0.0, seen - at)
