"""For a project's own tests: sends that are carried out inside the test's transaction, what a
person has in their inbox, and the end of the hub of a test with sockets.

`docs/testing.md` shows it with TestCase, TransactionTestCase and pytest-django.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ContextDecorator, contextmanager
from dataclasses import dataclass, fields
from inspect import iscoroutinefunction
from typing import Any, TypeVar
from unittest.mock import patch

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from notify.changes import Row
from notify.inbox import reading
from notify.live.hub import hubs
from notify.sending import after_commit, carrying_out

logger = logging.getLogger(__name__)

PAGE_ROWS = 1000

_Function = TypeVar("_Function", bound=Callable[..., Any])


class immediate_delivery(ContextDecorator):  # noqa: N801  used as a function, as contextlib's are
    """Inside, transactions commit as if no test were around them: their `on_commit` callbacks run,
    and what is sent, recalled or marked is in the inboxes when the call, or the `atomic()` around
    it, ends. Batches that a worker would carry out are carried out there, too.

    In a TestCase, whose transaction never commits, nothing arrives without it. In a
    TransactionTestCase it stands for the workers. Also `@immediate_delivery()`, around a
    synchronous function. What was sent or registered before stays where it is.
    """

    def __init__(self) -> None:
        self._entered: list[AbstractContextManager[None]] = []

    def __enter__(self) -> None:
        self._entered.append(_delivering())
        self._entered[-1].__enter__()

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().__exit__(*error)

    def __call__(self, func: _Function) -> _Function:
        """Raises TypeError for a coroutine function: as a decorator could only call it, the test
        would pass without having run."""
        if iscoroutinefunction(func):
            raise TypeError("Around async code say `with immediate_delivery():` inside it.")
        return super().__call__(func)


@contextmanager
def _delivering() -> Iterator[None]:
    if after_commit.hand_over is _carry_out:  # there is one around this one
        yield
        return
    commits = _Commits()
    with (
        patch.object(BaseDatabaseWrapper, "on_commit", commits.on_commit()),
        patch.object(transaction.Atomic, "__exit__", commits.leave_atomic()),
        patch.object(after_commit, "hand_over", _carry_out),
        # A new one, without what was sent before.
        patch.object(after_commit, "sent", after_commit.Sent()),
    ):
        yield


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One notification, as its recipient has it."""

    id: int  # of the notice
    title: str
    body: str
    level: str
    category: str
    kind: str
    url: str | None
    actor: str | None  # their name
    actions: list[dict[str, str]]
    data: dict[str, Any]
    seen: bool
    read: bool
    archived: bool


def inbox(user: AbstractBaseUser, *, tab: str = "all") -> list[InboxRow]:
    """What the user has now, newest first, without what was recalled.

    `tab` as on the page: "all" (but the archived), "unread" or "archived".
    """
    rows: list[Row] = []
    before: int | None = None
    while True:
        page = reading.page(str(user.pk), tab=tab, before=before, limit=PAGE_ROWS)
        if page is None:  # they never had one
            return []
        rows += page.rows
        before = page.next
        if before is None:
            return [_inbox_row(row) for row in rows]


ainbox = sync_to_async(inbox)


async def stop_hub() -> None:
    """Closes the sockets that this event loop's hub has open, and its database connections.

    The end of the loop does the same: this is for loops that several tests share.
    """
    loop = asyncio.get_running_loop()
    for hub in hubs():
        if hub.loop is loop:
            await hub.stop()


def _inbox_row(row: Row) -> InboxRow:
    told: dict[str, Any] = {field.name: row[field.name] for field in fields(InboxRow)}
    told["actor"] = row["actor"] and row["actor"]["name"]
    told |= {name: row[name] is not None for name in ("seen", "read", "archived")}
    return InboxRow(**told)


def _carry_out(batches: Sequence[int]) -> None:
    for batch_id in batches:
        carrying_out.carry_out(batch_id)


class _Commits:
    """Runs what was registered here with `on_commit` when only atomic blocks of TestCase are left
    around it. The methods are replaced on their classes, as connections are of threads and async
    code has several. Without a TestCase Django does it all itself."""

    def __init__(self) -> None:
        self._registered: list[Any] = []

    def on_commit(self) -> Callable[..., None]:
        register = BaseDatabaseWrapper.on_commit

        def on_commit(
            connection: BaseDatabaseWrapper, func: Callable[[], Any], robust: bool = False
        ) -> None:
            waiting = connection.in_atomic_block
            register(connection, func, robust)
            if waiting:
                self._registered.append(connection.run_on_commit[-1])
                self._run(connection)

        return on_commit

    def leave_atomic(self) -> Callable[..., None]:
        leave = transaction.Atomic.__exit__

        def leave_atomic(block: transaction.Atomic, *error: Any) -> None:
            leave(block, *error)
            self._run(transaction.get_connection(block.using))

        return leave_atomic

    def _run(self, connection: BaseDatabaseWrapper) -> None:
        blocks: Sequence[Any] = connection.atomic_blocks
        if connection.needs_rollback or not all(block._from_testcase for block in blocks):
            return
        waiting: list[Any] = connection.run_on_commit
        mine = [one for one in waiting if self._is_mine(one)]
        connection.run_on_commit = [one for one in waiting if not self._is_mine(one)]
        for _, func, robust in mine:
            try:
                func()
            except Exception:
                if not robust:
                    raise
                logger.exception("An on_commit callback failed")

    def _is_mine(self, callback: Any) -> bool:
        """By the set of savepoints, made anew for each: a rollback makes the tuples anew."""
        return any(callback[0] is one[0] for one in self._registered)
