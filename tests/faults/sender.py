"""A process that sends, and logs what it committed, so that a test knows the truth.

    python -m tests.faults.sender '{"log": "…", "users": [1, 2], "seed": 7}'

It ends after `count` notices, or at SIGTERM. Each send has a key, so that one whose commit is in
doubt, as when the database goes away in the middle of it, is tried again until it is one notice.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import django
from django.db import DatabaseError, InterfaceError, connections, transaction


@dataclass(frozen=True)
class Plan:
    log: str
    users: list[int]
    seed: int
    name: str = "sender"
    threads: int = 1
    count: int | None = None  # notices of each thread; None: until SIGTERM
    rate: float | None = 20.0  # transactions a second of each thread; None: as fast as it can
    lot: int = 1  # notices of a transaction
    audience: tuple[int, int] = (1, 5)
    all_every: int | None = 20  # each so many-th notice goes to all users
    body: int = 20  # characters
    rollback: float = 0.0  # share of transactions that are undone
    delay: float = 0.0  # at most so long, in seconds, before the commit
    # Share of the single notices that have no transaction around them, and no key: one whose
    # commit is in doubt is not tried again.
    alone: float = 0.5
    die: str | None = None  # "before the append" or "before the announcement"


class _Undone(Exception):
    pass


class Sender:
    def __init__(self, plan: Plan, log: IO[str]) -> None:
        self._plan = plan
        self._log_file = log
        self._lock = threading.Lock()
        self._stopping = threading.Event()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, lambda *_: self._stopping.set())
        threads = [
            threading.Thread(target=self._run_thread, args=[n]) for n in range(self._plan.threads)
        ]
        self._log({"ready": True})
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _run_thread(self, number: int) -> None:
        plan, rng = self._plan, random.Random(f"{self._plan.seed}-{number}")  # noqa: S311
        sent, due = 0, time.monotonic()
        while not self._stopping.is_set() and (plan.count is None or sent < plan.count):
            if plan.rate is not None:
                due += rng.expovariate(plan.rate)
                self._stopping.wait(max(0.0, due - time.monotonic()))
                if self._stopping.is_set():
                    break
            lot = {}
            for _ in range(plan.lot):
                sent += 1
                lot[f"{plan.name}-{number}-{sent}"] = self._audience(sent, rng)
            self._send(lot, rng)
        connections.close_all()

    def _audience(self, sent: int, rng: random.Random) -> list[int]:
        plan = self._plan
        to_all = plan.all_every is not None and sent % plan.all_every == 0
        size = len(plan.users) if to_all else rng.randint(*plan.audience)
        return rng.sample(plan.users, min(size, len(plan.users)))

    def _send(self, lot: dict[str, list[int]], rng: random.Random) -> None:
        from notify import send
        from notify.exceptions import Busy

        undo, body = rng.random() < self._plan.rollback, "x" * self._plan.body
        alone = len(lot) == 1 and not undo and rng.random() < self._plan.alone
        while True:
            at, began = time.time(), time.monotonic()
            try:
                with nullcontext() if alone else transaction.atomic():
                    notices = [
                        (send(to=to, title=key, body=body, key=None if alone else key), to)
                        for key, to in lot.items()
                    ]
                    if not alone:
                        time.sleep(rng.uniform(0, self._plan.delay))
                        at = time.time()
                    if undo:
                        raise _Undone
            except _Undone:
                self._log(*({"undone": key} for key in lot))
                return
            except (DatabaseError, InterfaceError, Busy):
                self._log({"failed": list(lot), "took": time.monotonic() - began})
                connections.close_all()
                if self._stopping.wait(0.2) or alone:
                    self._log(*({"doubtful": key} for key in lot))
                    return
            else:
                took = time.monotonic() - began
                sent = ({"id": notice.pk, "to": to, "at": at} for notice, to in notices)
                self._log(*(one | {"took": took} for one in sent))
                return

    def _log(self, *entries: dict[str, Any]) -> None:
        with self._lock:
            self._log_file.write("".join(json.dumps(entry) + "\n" for entry in entries))
            self._log_file.flush()


def _arm(die: str) -> None:
    """Has this process end, as by SIGKILL, at that point of its first send."""
    from notify.bus.publisher import publisher
    from notify.inbox import work

    def end(*_: Any, **__: Any) -> None:
        os._exit(9)

    if die == "before the append":
        work.append_one = end
    else:
        publisher.publish = end  # type: ignore[method-assign]


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    if plan.die is not None:
        _arm(plan.die)
    with Path(plan.log).open("a") as log:
        Sender(plan, log).run()
    from notify.bus.publisher import publisher

    publisher.close()


if __name__ == "__main__":
    main()
