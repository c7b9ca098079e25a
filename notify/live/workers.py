"""Carries out batches that are due: of large audiences, scheduled ones, and those of a process that
died."""

from __future__ import annotations

import asyncio
import logging

from notify import conf
from notify.live.outbox_thread import OutboxThread
from notify.live.pool import DatabasePool
from notify.sending.working import Worker

logger = logging.getLogger(__name__)

WORKER_LIMIT_S = 60.0  # for one statement: that of the largest batch takes a while
OUTBOX_LIMIT_S = 5.0  # for the hand-over of a process that stops


class Workers:
    """`NOTIFY_SERVER_WORKERS` of them, each in a thread of its own; with the first one comes that
    of the outbox."""

    def __init__(self) -> None:
        self.busy = 0  # of them
        self._count = conf.current().server_workers
        self._pool = DatabasePool(max(1, self._count), "notify-worker", WORKER_LIMIT_S)
        self._wanted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._workers = [Worker() for _ in range(self._count)]
        self._outbox = OutboxThread()

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def database_latency(self) -> float | None:
        """Of the slowest, in seconds; None if none has looked for batches yet."""
        known = [one.database_latency for one in self._workers]
        return max((one for one in known if one is not None), default=None)

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._work(n)) for n in range(self._count)]
        if self._count:
            self._outbox.start()

    def wake(self) -> None:
        """Batches may be due."""
        self._wanted.set()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        stopping = asyncio.to_thread(self._outbox.stop, OUTBOX_LIMIT_S)
        await asyncio.gather(*self._tasks, stopping, return_exceptions=True)

    async def close(self) -> None:
        """Ends the threads, and closes their database connections."""
        self._outbox.stop(0)
        await self._pool.close()

    async def _work(self, n: int) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            self.busy += 1
            try:
                while await self._pool.run(self._workers[n].do_next):
                    pass
            except Exception as error:
                logger.warning("Carrying out batches failed and will be retried: %r", error)
                self._workers[n] = Worker()  # a thread that hangs may still hold the old one
            finally:
                self.busy -= 1
