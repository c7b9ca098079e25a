"""Questions 7 and 9, once each: many recipients, and a big inbox."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.answers import Answer
from tests.benchmarks.questions.scale import Scale
from tests.benchmarks.remote import Remote
from tests.harness.server import environment, manage

PAIRS = 3  # ours and the bare SQL, in turn
PATIENCE_S = 1500
MIB = 1024 * 1024


@contextlib.contextmanager
def _stores(kind: str) -> Iterator[Remote]:
    """The process of `stores`, on the PostgreSQL of this run or on an SQLite of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        url = os.environ["DATABASE_URL"]
        if kind == "SQLite":
            url = f"sqlite:///{directory}/db.sqlite3"
            manage("migrate", "--verbosity", "0", DATABASE_URL=url)
        log = Path(directory) / "stores.log"
        with Remote(
            "tests.benchmarks.stores", env=environment(DATABASE_URL=url), log=log
        ) as stores:
            yield stores


def fan_out(scale: Scale) -> Answer:
    few, many = scale.recipients, scale.recipients * 10
    answer = Answer(
        7,
        f"A notice to {few:,} users",
        "`notify.send(to=everyone())` and all its batches, carried out in one process that "
        "publishes them, until the last is committed; beside it, in turn, the bare SQL that "
        "writes the same notice, inboxes and notifications in one transaction of three "
        f"statements. {PAIRS} pairs; then once ours to {many:,}. Memory: the peak of the "
        "process minus its size before. PostgreSQL runs without fsync.",
    )
    for kind in ("PostgreSQL", "SQLite"):
        with _stores(kind) as stores:
            stores.call("people", count=few, seconds=PATIENCE_S)
            stores.call("fan_out", seconds=PATIENCE_S)  # the first loads code and opens Redis
            taken = []
            for _ in range(PAIRS):
                done = stores.call("fan_out", seconds=PATIENCE_S)
                bare = stores.call("fan_out_bare", seconds=PATIENCE_S)
                taken.append(done["seconds"])
                answer.note(kind, "s", "notify", done["seconds"])
                answer.note(kind, "s", "bare SQL", bare["seconds"], reach=2.5)
                grown = done["grown"] / MIB
                answer.note(f"{kind}, memory", "MiB", "notify", grown, limit=50)
            rows = stores.call("check", notices=1 + 2 * PAIRS, seconds=PATIENCE_S)
            assert rows == few * (1 + 2 * PAIRS)
            stores.call("people", count=many, seconds=PATIENCE_S)
            done = stores.call("fan_out", seconds=PATIENCE_S)
            assert stores.call("check", notices=1, seconds=PATIENCE_S) == many
            what = f"{kind}, {many:,} users"
            answer.note(what, "s", "notify", done["seconds"])
            answer.note(what, "s", f"notify, {few:,} users", sorted(taken)[PAIRS // 2], reach=11)
            memory = f"{kind}, {many:,} users, memory"
            answer.note(memory, "MiB", "notify", done["grown"] / MIB, limit=50)
    return answer


def big_inbox(scale: Scale) -> Answer:
    inbox, table = scale.inbox, scale.table
    answer = Answer(
        9,
        f"An inbox with {inbox:,} notifications",
        f"On PostgreSQL in a table of {table:,}. On SQLite in one of {scale.inbox:,} in all, of "
        f"which that inbox has the rest. Medians of {scale.samples} calls of the function behind "
        f"each, in turn with an inbox of 1,000 in the same table. Then {scale.marked:,} unread "
        "ones are marked read: seconds, and the longest of its transactions, which is the "
        "longest time of any lock. The unread count is a column of the inbox; a page has texts, "
        "which are in no index, so no index alone can serve it.",
    )
    for kind in ("PostgreSQL", "SQLite"):
        with _stores(kind) as stores:
            on_sqlite = kind == "SQLite"
            size = inbox - scale.marked - 10_000 if on_sqlite else inbox
            rows = inbox if on_sqlite else table
            users = stores.call(
                "fill", inbox=size, table=rows, marked=scale.marked, seconds=PATIENCE_S
            )
            big, small = users["big"], users["small"]
            plans = stores.call("plans", big=big, seconds=PATIENCE_S)
            answer.remarks += [f"{what}: {', '.join(scans)}" for what, scans in plans.items()]
            found = stores.call(
                "probe", big=big, small=small, samples=scale.samples, seconds=PATIENCE_S
            )
            for what, taken in found.items():
                name = f"{kind}, {what}"
                answer.note(name, "ms", f"{size:,} in the inbox", taken["big"] * 1e3)
                answer.note(name, "ms", "1,000 in the inbox", taken["small"] * 1e3, reach=2)
            done = stores.call("mark_all", user=users["unread"], seconds=PATIENCE_S)
            name = f"{kind}, {scale.marked:,} marked"
            answer.note(name, "s", "notify", done["seconds"], limit=3)
            longest = done["longest"] * 1e3
            answer.note(f"{name}, longest lock", "ms", "notify", longest, limit=100)
    return answer
