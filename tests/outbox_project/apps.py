"""What a test does to a process of this site, by variables of its environment.

OUTBOX_AT        a step of `notify.outbox.steps`; at the first time that it is reached …
OUTBOX_DO        … "SIGKILL" or "SIGSTOP" to the process itself
OUTBOX_LEASE_S   how long a message is its worker's
OUTBOX_CONTROL   "unlocked" or "stateless": the outbox without what it rests on
"""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.apps import AppConfig


class OutboxProject(AppConfig):
    name = "tests.outbox_project"
    label = "outbox_project"

    def ready(self) -> None:
        claiming: Any = import_module("notify.outbox.claiming")
        if seconds := os.environ.get("OUTBOX_LEASE_S"):
            claiming.LEASE = timedelta(seconds=float(seconds))
        if step := os.environ.get("OUTBOX_AT"):
            _stop_at(step, getattr(signal, os.environ["OUTBOX_DO"]))
        if control := os.environ.get("OUTBOX_CONTROL"):
            import_module(f"tests.outbox_project.{control}")


def _stop_at(step: str, number: Any) -> None:
    steps: Any = import_module("notify.outbox.steps")
    at = [step]

    def reached(name: str) -> None:
        if name in at:
            at.remove(name)
            # To this thread, so that it goes no step further: what `os.kill` sends may be taken by
            # another thread, while this one goes on.
            signal.pthread_kill(threading.get_ident(), number)

    steps.reached = reached
