"""Calls that are abandoned after a time, whatever they do.

A limit per operation of a socket, as `EMAIL_TIMEOUT`, does not end a call: a server that sends a
byte every minute keeps it for ever. So the call has a thread of its own, and its caller leaves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar, cast

from django.db import connections

T = TypeVar("T")

MAX_ABANDONED = 4  # threads of calls that go on though nobody waits for them


class Overdue(Exception):
    """The call did not end in time. It may go on."""


class TooManyOverdue(Exception):
    """Earlier calls still hang, so this one was not begun."""


_abandoned: dict[str, set[threading.Thread]] = {}
_lock = threading.Lock()


def within(limit: timedelta, what: str, call: Callable[[], T]) -> T:
    """The result of the call, or what it raises.

    Args:
        limit: How long it may take.
        what: What it talks to, such as "mail": while four calls to it hang, there is no other.

    Raises:
        Overdue: It takes longer.
        TooManyOverdue: Four do so.
    """
    if len(hanging(what)) >= MAX_ABANDONED:
        raise TooManyOverdue(f"{MAX_ABANDONED} earlier calls still hang.")
    box: list[tuple[T | None, BaseException | None]] = []

    def run() -> None:
        try:
            box.append((call(), None))
        except BaseException as error:  # noqa: BLE001  raised in the caller's thread
            box.append((None, error))
        finally:
            connections.close_all()  # this thread's, where the call has queried

    # A daemon: the process may end while it hangs.
    thread = threading.Thread(target=run, name=f"notify {what}", daemon=True)
    thread.start()
    thread.join(limit.total_seconds())
    if not box:
        with _lock:
            _abandoned.setdefault(what, set()).add(thread)
        raise Overdue(f"No answer within {limit.total_seconds():g} s.")
    result, error = box[0]
    if error is not None:
        raise error
    return cast("T", result)


def hanging(what: str) -> set[threading.Thread]:
    """The threads of calls to this that nobody waits for any more, and that go on."""
    with _lock:
        alive = {thread for thread in _abandoned.get(what, ()) if thread.is_alive()}
        _abandoned[what] = alive
        return set(alive)
