"""What goes out of the browser, while its workers die: once, or not at all and accounted for."""

from __future__ import annotations

import importlib
import itertools
import os
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connections

import notify
from notify import sql
from notify.exceptions import Busy
from notify.inbox import work
from notify.kinds import registry
from notify.models import Batch, OutboxItem
from tests.faults.verdict import Outcome
from tests.faults.world import SERVER, patience
from tests.harness.process import Process
from tests.harness.server import PYTHON, ROOT, environment
from tests.harness.smtp import SmtpServer
from tests.harness.waiting import eventually
from tests.unit.inbox.helpers import mark, people

pytestmark = pytest.mark.django_db(transaction=True)

COPIES = int(os.environ.get("FAULT_COPIES") or 20_200)
ROUNDS = 10  # notices, one after the other, to the same people
SERVERS, WORKERS = 2, 3
READ_OF_TEN = 3
BAD = {10: "unknown", 20: "drop"}  # of fifty; what they do is in tests/harness/smtp_sink.py
PROJECT = {
    "DJANGO_SETTINGS_MODULE": "tests.outbox_project.settings",
    "NOTIFY_SITE_URL": "https://example.org",
    "OUTBOX_LEASE_S": "3",
}


@pytest.fixture
def world(seed: int) -> Any:
    """What the table of faults has of a row, and the row's chances."""
    servers = f"{SERVERS} × {SERVER}"  # noqa: RUF001
    chances = random.Random(seed)  # noqa: S311
    return SimpleNamespace(outcome=Outcome(), servers_text=servers, chances=chances)


@pytest.fixture
def parcel(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The kind of the project, in this process."""
    monkeypatch.setattr(registry, "_kinds", {})
    kind = importlib.import_module("tests.outbox_project.notices").Parcel
    registry.register(kind)
    return kind


@pytest.fixture
def start_workers(tmp_path: Path, sink: SmtpServer) -> Iterator[Callable[..., list[Process]]]:
    started: list[Process] = []

    def start(count: int, **variables: str) -> list[Process]:
        env = environment(SMTP_PORT=str(sink.port), **PROJECT | variables)
        command = [PYTHON, str(ROOT / "manage.py"), "notify_work"]
        more = [
            Process(command, log=tmp_path / f"worker-{len(started) + n}.log", env=env)
            for n in range(count)
        ]
        started.extend(more)
        for one in more:
            one.start()
        return more

    yield start
    for one in started:
        one.stop()


@dataclass
class Truth:
    """What people did, and what came of it."""

    users: list[User]
    notices: dict[str, int] = field(default_factory=dict)  # by the number of the parcel
    read: dict[tuple[int, int], float] = field(default_factory=dict)  # when it was committed

    def send(self, parcel: Any) -> None:
        number = f"{len(self.notices)}x"
        notice = notify.send(parcel(number=number), to=self.users)
        self.notices[number] = notice.pk
        while work.carry_out_next() is not None:
            pass

    def read_some(self, chosen: random.Random, seconds: float) -> None:
        """Some read their newest, in the next seconds."""
        readers = chosen.sample(self.users, len(self.users) * READ_OF_TEN // 10)
        notice = SimpleNamespace(pk=list(self.notices.values())[-1])
        for user in readers:
            with suppress(Busy):
                mark(user, "read", notice)  # type: ignore[arg-type]
                [(now,)] = sql.fetch("SELECT extract(epoch FROM clock_timestamp())")
                self.read[user.pk, notice.pk] = float(now)
            time.sleep(seconds / len(readers))
        connections.close_all()


def is_settled() -> bool:
    # Batches first: one that ripens between the two queries has its items by the second.
    if Batch.objects.filter(state="ripening").exists():
        return False
    return not OutboxItem.objects.filter(state__in=["waiting", "taken"]).exists()


def judged(truth: Truth, sink: SmtpServer, outcome: Outcome) -> Counter[str]:
    """How many copies ended in each state; problems are noted in the outcome."""
    by_address = {user.email: user.pk for user in truth.users}
    told: Counter[tuple[int, int]] = Counter()
    for one in sink.taken:
        body = one.get_body(("plain",))
        assert body is not None
        numbers = set(re.findall(r"Parcel (\d+x)", f"{one['Subject']} {body.get_content()}"))
        told.update((by_address[one["X-Rcpt-To"]], truth.notices[number]) for number in numbers)
    ended: Counter[str] = Counter()
    for item in OutboxItem.objects.select_related("message"):
        copy = (item.user_id, item.notice_id)
        ended[item.state] += 1
        if item.state == "handed" and not told[copy]:
            outcome.lost += 1
        if item.state == "skipped" and told[copy]:
            outcome.problems.append(f"{copy} was told and is skipped ({item.why})")
        sent_at = item.message.sending if item.message else None
        if sent_at and truth.read.get(copy, float("inf")) < sent_at.timestamp():
            outcome.problems.append(f"{copy} was mailed, and had been read")
    mailed = set(OutboxItem.objects.values_list("user_id", "notice_id"))
    copies = itertools.product(by_address.values(), truth.notices.values())
    # Only who had read it before it ripened has none.
    outcome.lost += sum(copy not in mailed and copy not in truth.read for copy in copies)
    outcome.doubled = sum(n - 1 for n in told.values() if n > 1)
    outcome.notices, outcome.deliveries = len(truth.notices), sum(ended.values())
    if left := set(ended) - {"handed", "skipped", "refused", "unknown"}:
        outcome.problems.append(f"not accounted for: {left}")
    return ended


def prepared(count: int) -> Truth:
    """Each a reader at a mail server of their own, some of which refuse or hang up."""
    users = people(count, "reader")
    for n, user in enumerate(users):
        user.email = f"{BAD.get(n % 50, user.username)}@{user.username}.example.org"
    User.objects.bulk_update(users, ["email"], batch_size=1000)
    return Truth(users)


class Killer:
    """Kills, pauses and starts processes as long as the block runs."""

    def __init__(self, processes: list[Any], chosen: random.Random) -> None:
        self._processes, self._chosen = processes, chosen
        self.done: Counter[str] = Counter()
        self._running = True

    def run(self) -> None:
        while self._running:
            process = self._chosen.choice(self._processes)
            what = self._chosen.choice(["killed", "killed", "paused for longer than its lease"])
            self.done[what] += 1
            if what == "killed":
                process.kill()
                time.sleep(self._chosen.uniform(0, 0.5))
                process.start()
                wake(process)
            else:
                process.pause()
                time.sleep(4)
                process.resume()
            time.sleep(self._chosen.uniform(0, 1))

    def stop(self) -> None:
        self._running = False


def wake(process: Any) -> None:
    """A server starts its workers with the first request."""
    if hasattr(process, "url"):
        with suppress(httpx.HTTPError):
            httpx.get(f"{process.url}/healthz", timeout=30)


@pytest.mark.fault(41, "E-mails due while servers and workers are killed and paused")
def test_each_copy_goes_out_once_or_is_accounted_for(
    world: Any, parcel: Any, sink: Any, start_server: Any, start_workers: Any
) -> None:
    truth = prepared(COPIES // ROUNDS)
    servers = [start_server(SMTP_PORT=str(sink.port), **PROJECT) for _ in range(SERVERS)]
    for server in servers:
        wake(server)
    killer = Killer([*servers, *start_workers(WORKERS)], world.chances)
    with ThreadPoolExecutor(2) as pool:
        killing = pool.submit(killer.run)
        try:
            for _ in range(ROUNDS):
                truth.send(parcel)
                seconds = len(truth.users) / 100
                pool.submit(truth.read_some, world.chances, seconds).result()
        finally:
            killer.stop()
            killing.result()
    eventually(is_settled, patience(COPIES / 10 + 60), what="all of them")
    ended = judged(truth, sink, world.outcome)
    words = ", ".join(f"{n:,} {state}" for state, n in sorted(ended.items()))
    faults = ", ".join(f"{what} {n}" for what, n in sorted(killer.done.items()))
    world.outcome.note = f"{words}; {faults}"
    assert ended["handed"] > COPIES // 4
    assert ended["skipped"] > 0
    world.outcome.assert_good()


CONTROL = 300


@pytest.mark.fault(41, "Control: a claim without the lock of the inbox: must double")
def test_control_a_claim_without_the_lock_of_the_inbox_doubles(
    world: Any, parcel: Any, sink: Any, start_workers: Any
) -> None:
    truth = prepared(CONTROL)
    start_workers(5, OUTBOX_CONTROL="unlocked", OUTBOX_LEASE_S="60")
    truth.send(parcel)
    eventually(is_settled, patience(120), what="all of them")
    judged(truth, sink, world.outcome)
    world.outcome.note = "as it must: it doubles"
    assert world.outcome.doubled > 0


@pytest.mark.fault(41, "Control: a record without states: must double")
def test_control_a_record_without_states_doubles(
    world: Any, parcel: Any, sink: Any, start_workers: Any
) -> None:
    truth = prepared(10)
    truth.send(parcel)
    variables = {"OUTBOX_CONTROL": "stateless", "OUTBOX_DO": "SIGKILL"}
    [killed] = start_workers(1, OUTBOX_AT="handed over", **variables)
    assert killed.wait(60) == -9
    start_workers(1, OUTBOX_CONTROL="stateless")
    eventually(is_settled, patience(60), what="all of them")
    judged(truth, sink, world.outcome)
    world.outcome.note = "as it must: it doubles"
    assert world.outcome.doubled > 0
