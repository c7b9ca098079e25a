"""The outbox of a process, in a thread of its own: a mail server that hangs delays no batch.

Where no kind declares a channel there is no thread, no query, and no import of `notify.outbox`.
"""

from __future__ import annotations

import threading
from importlib import import_module
from typing import Any

from notify.kinds import registry


class OutboxThread:
    """One for each process; started once."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if not registry.declares_channels():
            return
        # A daemon: what is handed over as the process ends may take a minute.
        self._thread = threading.Thread(
            target=_worker().run, args=[self._stop], name="notify-outbox", daemon=True
        )
        self._thread.start()

    def stop(self, within_s: float | None) -> bool:
        """Ends it after the current message; without a limit, that takes as long as it takes.

        Returns:
            Whether it has ended. What it is handing over is unknown if the process ends before.
        """
        self._stop.set()
        if self._thread is None:
            return True
        self._thread.join(within_s)
        return not self._thread.is_alive()


def hand_out_due() -> int:
    """Hands out all that is due, in this thread. Returns the number of messages."""
    return int(_worker().hand_out_due()) if registry.declares_channels() else 0


def _worker() -> Any:
    return import_module("notify.outbox.worker")
