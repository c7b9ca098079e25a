"""Calls that are abandoned after a time, whatever they do.

A limit per operation of a socket, as `EMAIL_TIMEOUT`, does not end a call: a server that sends a
byte every minute keeps it for ever. So the call has a thread of its own, and its caller leaves.

Whom nothing answers is left alone for a while (a circuit breaker): each call costs its caller the
whole limit, and meanwhile nobody else is served.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar, cast

from django.db import connections

T = TypeVar("T")

MAX_OVERDUE = 4  # calls in a row without an answer in time; also threads that go on
PAUSE_S = 60.0


class Overdue(Exception):
    """The call did not end in time. It may go on."""


class TooManyOverdue(Exception):
    """Earlier calls had no answer, so this one was not begun."""


@dataclass
class _Calls:
    """Those to one thing.

    Attributes:
        overdue: How many of the last ones, in a row, had no answer in time.
        tried: When one was last let through, or had no answer; by a monotonic clock, in seconds.
        abandoned: The threads of those that nobody waits for.
    """

    overdue: int = 0
    tried: float = 0.0
    abandoned: set[threading.Thread] = field(default_factory=set)


_calls: defaultdict[str, _Calls] = defaultdict(_Calls)
_lock = threading.Lock()


def within(
    limit: timedelta,
    what: str,
    call: Callable[[], T],
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """The result of the call, or what it raises.

    Args:
        limit: How long it may take.
        what: What it talks to, such as "mail". After four calls in a row without an answer in time,
            one a minute is let through, until one is answered.
        clock: Monotonic, in seconds.

    Raises:
        Overdue: It takes longer.
        TooManyOverdue: It was not let through, or four earlier calls still hang.
    """
    _let_through(what, clock())
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
            _calls[what].abandoned.add(thread)
        _note(what, clock(), is_overdue=True)
        raise Overdue(f"No answer within {limit.total_seconds():g} s.")
    result, error = box[0]
    _note(what, clock(), is_overdue=_has_timed_out(error))
    if error is not None:
        raise error
    return cast("T", result)


def hanging(what: str) -> set[threading.Thread]:
    """The threads of calls to this that nobody waits for any more, and that go on."""
    with _lock:
        calls = _calls[what]
        calls.abandoned = {thread for thread in calls.abandoned if thread.is_alive()}
        return set(calls.abandoned)


def _let_through(what: str, now: float) -> None:
    if len(hanging(what)) >= MAX_OVERDUE:
        raise TooManyOverdue(f"{MAX_OVERDUE} earlier calls still hang.")
    with _lock:
        calls = _calls[what]
        if calls.overdue >= MAX_OVERDUE and now - calls.tried < PAUSE_S:
            raise TooManyOverdue(f"The last {calls.overdue} calls had no answer.")
        calls.tried = now


def _note(what: str, now: float, *, is_overdue: bool) -> None:
    with _lock:
        calls = _calls[what]
        calls.overdue = calls.overdue + 1 if is_overdue else 0
        calls.tried = now


def _has_timed_out(error: BaseException | None) -> bool:
    """Whether a shorter limit of the call's own has ended it. smtplib, urllib and others raise
    something else for that, from a TimeoutError."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, TimeoutError):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False
