"""Questions 12 to 14: what a send costs its caller and leaves behind, beside
django-notifications-hq."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

import psycopg

from tests.benchmarks.answers import Answer
from tests.benchmarks.questions.scale import Scale
from tests.benchmarks.remote import Remote
from tests.benchmarks.turns import ATOMIC, AUTOCOMMIT, GROUP, ONE_PERSON, WARM_UP
from tests.harness.server import ROOT, environment

HQ_PYTHON = ROOT / ".make" / "hq" / "bin" / "python"
HQ = "django-notifications-hq"
BARE = "bare INSERT"
REACH = {AUTOCOMMIT: 2, ATOMIC: 3}  # times the peer's wall time and CPU
# Of the bare SQL nearly all is PostgreSQL's CPU time, and none of it this process's.
REACH_MANY = {"each alone": (0.1, 0.1), "bare SQL": (3, None)}
PEOPLE = 100
GROUP_SIZE = 50
RESTS = 5  # one call of so many is followed by a rest
STORED = 5000  # of fewer, the pages of an index are too coarse a measure
MEMBERS, STORED_IN_GROUP = 4000, 5
PATIENCE_S = 1500
COUNTED = (  # statements; of those that the peer has, its own beside ours
    ONE_PERSON,
    "one person, with a key",
    GROUP,
    "one person, in an hour",
    "cancel that one",
    "recall of a notice to one person",
)


@dataclass
class Contender:
    name: str  # as in the tables
    sender: Remote
    what: str  # a key of the sender's CALLS
    wall: list[float] = field(default_factory=list)  # seconds of each call
    cpu: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)  # seconds of CPU after some of the calls

    def take(self, situation: str, n: int) -> None:
        """One call; a warm-up if its number `n` is negative."""
        taken = self.sender.call(
            "turn", what=self.what, situation=situation, n=n, rest=n % RESTS == 0
        )
        if n >= 0:
            for name, seconds in taken.items():
                getattr(self, name).append(seconds)


@contextlib.contextmanager
def _ours() -> Iterator[Remote]:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        log = Path(directory) / "sends.log"
        with Remote("tests.benchmarks.sends", env=environment(), log=log) as sender:
            yield sender


@contextlib.contextmanager
def _theirs() -> Iterator[Remote]:
    """On a database of its own of the same server."""
    assert HQ_PYTHON.exists(), "make .make/hq"
    ours = os.environ["DATABASE_URL"]
    with psycopg.connect(ours, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS hq WITH (FORCE)")
        connection.execute("CREATE DATABASE hq")
    url = f"{ours.rpartition('/')[0]}/hq"
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        log = Path(directory) / "hq.log"
        module = "tests.benchmarks.peers.hq.sender"
        env = environment(DATABASE_URL=url)
        with Remote(module, env=env, log=log, python=str(HQ_PYTHON)) as sender:
            yield sender


def one_send(scale: Scale) -> Answer:
    answer = Answer(
        12,
        "One send to one person",
        f"The same title and actor to {PEOPLE} people in turn, by `notify.send`, by {{hq}}, "
        "and by an INSERT of one's own: wall time, and CPU time of the calling process with all "
        "its threads, from before the call (or before `atomic()`) to after the commit. The three "
        f"take turns, one call each, {scale.samples} times in a run; of the wall times the median "
        "counts, of the CPU times the mean. After the commit a thread of ours announces the "
        "change; the peer pushes nothing. Each has a database of its own on one PostgreSQL, which "
        "runs without fsync, and a connection with prepared statements (`DATABASE_PREPARE=off "
        "make bench Q=12`: without). Then what one call sends to PostgreSQL, by libpq's trace: "
        "BEGIN, savepoints and COMMIT count too, and several statements in one string count once. "
        f"The group has {GROUP_SIZE} members.",
    )
    with _ours() as ours, _theirs() as theirs:
        for _ in range(scale.runs):
            ours.call("people", count=PEOPLE, seconds=PATIENCE_S)
            versions = theirs.call("people", count=PEOPLE, seconds=PATIENCE_S)
            for situation in REACH:
                _compare(answer, scale, situation, ours, theirs)
        for sender in (ours, theirs):
            sender.call("people", count=GROUP_SIZE, seconds=PATIENCE_S)
        _count(answer, ours, theirs)
    answer.how = answer.how.format(hq=_named(versions))
    return answer


def _named(versions: dict[str, str]) -> str:
    return f"{HQ} {versions[HQ]} on Django {versions['Django']}"


def _compare(answer: Answer, scale: Scale, situation: str, ours: Remote, theirs: Remote) -> None:
    contenders = [
        Contender("notify", ours, ONE_PERSON),
        Contender(HQ, theirs, ONE_PERSON),
        Contender(BARE, ours, BARE),
    ]
    for n in range(-WARM_UP, scale.samples):
        for each in contenders[:: -1 if n % 2 else 1]:
            each.take(situation, n)
    for each in contenders:
        reach = REACH[situation] if each.sender is theirs else None
        cpu, late = fmean(each.cpu) * 1e3, fmean(each.late) * 1e3
        wall = median(each.wall) * 1e3
        answer.note(f"{situation}, wall", "ms", each.name, wall, reach=reach)
        answer.note(f"{situation}, CPU", "ms", each.name, cpu, reach=reach)
        answer.note(f"{situation}, CPU with the announcement", "ms", each.name, cpu + late)


def _count(answer: Answer, ours: Remote, theirs: Remote) -> None:
    for what in COUNTED:
        for situation in REACH:
            name = f"statements: {what}, {situation}"
            for contender, sender in (("notify", ours), (HQ, theirs)):
                if sender is ours or what in (ONE_PERSON, GROUP):
                    count = sender.call("statements", what=what, situation=situation)
                    answer.note(name, "statements", contender, count, compared=False)


def many_sends(scale: Scale) -> Answer:
    count = scale.different
    answer = Answer(
        13,
        f"{count:,} different notices to {count:,} people",
        "Each with a text of its own, by `send_many`; in turn with as many `notify.send`, each in "
        "a transaction of its own, and with the bare SQL, which writes the same notices, inboxes "
        "and notifications in one transaction of three statements: seconds until all are in the "
        "inboxes, and CPU time of the calling process. PostgreSQL runs without fsync.",
    )
    ways = {"send_many": "notify", "each alone": f"{count:,} sends", "bare SQL": "bare SQL"}
    with _ours() as ours:
        ours.call("people", count=count, seconds=PATIENCE_S)
        ours.call("many", way="each alone", first=0, seconds=PATIENCE_S)  # loads code, opens Redis
        for run in range(scale.runs):
            order = [*ways][:: -1 if run % 2 else 1]
            for n, way in enumerate(order, start=1 + len(ways) * run):
                taken = ours.call("many", way=way, first=n * count, seconds=PATIENCE_S)
                wall, cpu = REACH_MANY.get(way, (None, None))
                answer.note("wall", "s", ways[way], taken["wall"], reach=wall)
                answer.note("CPU", "s", ways[way], taken["cpu"], reach=cpu)
        notices = 1 + len(ways) * scale.runs
        rows = ours.call("check", notices=notices, seconds=PATIENCE_S)
        assert rows == notices * count, rows
    return answer


def bytes_left(_scale: Scale) -> Answer:
    answer = Answer(
        14,
        "Bytes that a notice leaves",
        f"The same title and actor, {STORED:,} times to {PEOPLE} people in turn, and "
        f"{STORED_IN_GROUP} times to a group of {MEMBERS:,}: by how much the tables of the app and "
        "their indexes have grown after a VACUUM (`pg_total_relation_size`), the inboxes among "
        "them, divided by the copies. Before, fresh tables get as many, because pages of an index "
        "split in waves, and while it doubles there is one whole wave. The title is short, as both "
        "store it. The peer is {hq}, in a database of its own.",
    )
    questions = [
        ("a notice to one person", ONE_PERSON, AUTOCOMMIT, PEOPLE, STORED, 2.4),
        ("a notice to one person, inside atomic()", ONE_PERSON, ATOMIC, PEOPLE, STORED, None),
        (f"a copy among {MEMBERS:,}", GROUP, AUTOCOMMIT, MEMBERS, STORED_IN_GROUP, 1.2),
    ]
    with _ours() as ours, _theirs() as theirs:
        for name, what, situation, people, times, reach in questions:
            for contender, sender in (("notify", ours), (HQ, theirs)):
                versions = sender.call("people", count=people, seconds=PATIENCE_S)
                left = sender.call(
                    "stored", what=what, situation=situation, count=times, seconds=PATIENCE_S
                )
                copies = times * (people if what is GROUP else 1)
                assert left["rows"] == 2 * copies, left
                to_reach = reach if contender == HQ else None
                size = left["bytes"] / copies
                answer.note(name, "bytes", contender, size, reach=to_reach)
    answer.how = answer.how.format(hq=_named(versions))
    return answer
