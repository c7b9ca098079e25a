"""An event loop in a thread of its own, also where gevent has made greenlets of threads."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import Any


def start_loop(name: str) -> asyncio.AbstractEventLoop:
    """A loop that runs until it is stopped, then closes.

    Under gevent the thread is one of the operating system's all the same. As a greenlet it would
    share its thread with everybody, so that the loop "is running" for everybody, and Django
    refuses all queries where a loop is running (SynchronousOnlyOperation).
    """
    if not _is_gevent():
        loop = asyncio.new_event_loop()
        threading.Thread(target=_run, args=[loop], name=name, daemon=True).start()
        return loop
    from gevent.threadpool import ThreadPool

    pool: Any = ThreadPool(1)
    # Its selector belongs to the thread that it is made in.
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
    loop.run_forever()
    loop.close()  # channels-redis closes its connections with the loop
