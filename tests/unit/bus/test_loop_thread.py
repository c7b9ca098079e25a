from __future__ import annotations

import asyncio
import threading

from notify.bus.loop_thread import start_loop, stop_loop
from tests.harness.waiting import deadline, eventually


async def _name_of_thread() -> str:
    return threading.current_thread().name


def test_a_loop_runs_in_a_thread_with_its_name_until_it_is_stopped() -> None:
    loop = start_loop("a-loop")
    work = asyncio.run_coroutine_threadsafe(_name_of_thread(), loop)
    assert work.result(deadline(10)) == "a-loop"
    stop_loop(loop)
    eventually(loop.is_closed, what="the end of the loop")
    eventually(lambda: "a-loop" not in {one.name for one in threading.enumerate()})


def test_a_stopped_loop_cancels_what_is_left_in_it() -> None:
    loop, begun = start_loop("a-loop"), threading.Event()

    async def wait_for_ever() -> None:
        begun.set()
        await asyncio.Event().wait()

    work = asyncio.run_coroutine_threadsafe(wait_for_ever(), loop)
    assert begun.wait(deadline(10))
    stop_loop(loop)
    eventually(work.cancelled, what="the end of the task")
    eventually(loop.is_closed, what="the end of the loop")
