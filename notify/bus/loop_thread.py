"""An event loop in a thread of its own, even where gevent has turned threads into greenlets."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any


def start_loop(name: str) -> asyncio.AbstractEventLoop:
    """Starts a loop that runs until it is stopped and then closes.

    Under gevent too it gets a thread of the operating system. A greenlet would share its thread
    with all others, so the loop would be "running" for all of them, and Django refuses queries
    where a loop is running (SynchronousOnlyOperation).
    """
    if not _is_gevent():
        loop = asyncio.new_event_loop()
        threading.Thread(target=_run, args=[loop], name=name, daemon=True).start()
        return loop
    from gevent.threadpool import ThreadPool

    pool: Any = ThreadPool(1)
    # A loop's selector belongs to the thread that makes it.
    made: asyncio.AbstractEventLoop = pool.apply(asyncio.new_event_loop)
    pool.spawn(_run, made)
    return made


def stop_loop(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon_threadsafe(loop.stop)


def _is_gevent() -> bool:
    monkey: Any = sys.modules.get("gevent.monkey")
    return monkey is not None and any(map(monkey.is_module_patched, ("threading", "select")))


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    with asyncio.Runner(loop_factory=lambda: loop):  # which cancels what is left, and closes it
        loop.run_forever()
