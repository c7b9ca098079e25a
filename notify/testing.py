"""Helpers for a project's own tests.

`immediate_delivery` carries out sends inside the test's transaction, `inbox` returns what a user
has, `sent` the notices of a kind, `advance_time` makes what is stored older, so that scheduled
notices arrive, what is unread is mailed, and others expire. `stop_hub` ends the hub of a test with
sockets. `docs/testing.md` shows them with TestCase, TransactionTestCase and pytest-django.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ContextDecorator, contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from typing import Any, TypeVar
from unittest.mock import patch

from asgiref.sync import sync_to_async
from django.apps import apps
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, F, Min

from notify import sql
from notify.changes import Row
from notify.exceptions import InvalidNotice
from notify.inbox import reading
from notify.inbox.turns import OPEN
from notify.kinds import Kind, rendering
from notify.kinds import fields as kind_fields
from notify.live.hub import hubs
from notify.live.outbox_thread import hand_out_due
from notify.models import Batch, Notice, content
from notify.sending import after_commit, carrying_out, expiry
from notify.sql import database

logger = logging.getLogger(__name__)

PAGE_ROWS = 1000

_Function = TypeVar("_Function", bound=Callable[..., Any])
_Kind = TypeVar("_Kind", bound=Kind)


class immediate_delivery(ContextDecorator):  # noqa: N801  used as a function, as contextlib's are
    """Makes transactions inside commit as if no test were around them.

    Their `on_commit` callbacks run, and what is sent, recalled or marked is in the inboxes when the
    call, or the `atomic()` around it, ends. So are batches that workers would carry out.

    In a TestCase, whose transaction never commits, nothing arrives without it. In a
    TransactionTestCase it takes the place of the workers. What was sent or registered before it
    is not carried out.

    It is a context manager, and a decorator of synchronous functions.

    Raises:
        TypeError: It decorates a coroutine function.
    """

    def __init__(self) -> None:
        self._entered: list[AbstractContextManager[None]] = []

    def __enter__(self) -> None:
        self._entered.append(_delivering())
        self._entered[-1].__enter__()

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().__exit__(*error)

    def __call__(self, func: _Function) -> _Function:
        # It could only create the coroutine, so that the test would pass without running.
        if iscoroutinefunction(func):
            raise TypeError(
                "immediate_delivery cannot decorate async code. Use it inside, as a `with` block."
            )
        return super().__call__(func)


@contextmanager
def _delivering() -> Iterator[None]:
    if after_commit.hand_over is _carry_out:  # nested
        yield
        return
    commits = _Commits()
    with (
        patch.object(BaseDatabaseWrapper, "on_commit", commits.on_commit()),
        patch.object(transaction.Atomic, "__exit__", commits.leave_atomic()),
        patch.object(after_commit, "hand_over", _carry_out),
    ):
        yield


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One notification, as its recipient has it.

    `id` is that of the notice, `actor` the name of the actor, if there is one.
    """

    id: int
    title: str
    body: str
    level: str
    category: str
    kind: str
    url: str | None
    actor: str | None
    actions: list[dict[str, str]]
    data: dict[str, Any]
    seen: bool
    read: bool
    archived: bool


def inbox(user: AbstractBaseUser, *, tab: str = "all") -> list[InboxRow]:
    """Returns the notifications of a user, newest first, without recalled ones.

    Args:
        user: The recipient.
        tab: As on the page: "all" (without archived ones), "unread" or "archived".
    """
    rows: list[Row] = []
    before: int | None = None
    while True:
        page = reading.page(str(user.pk), tab=tab, before=before, limit=PAGE_ROWS)
        if page is None:  # the user has no inbox yet
            return []
        rows += page.rows
        before = page.next
        if before is None:
            return [_inbox_row(row) for row in rows]


ainbox = sync_to_async(inbox)


def sent(kind: type[_Kind]) -> list[_Kind]:
    """Returns what was sent of a kind, in the order of sending, scheduled notices too.

    Renders each in all `LANGUAGES`, so that a text that is missing or cannot be sent fails the
    test.

    Raises:
        AssertionError: A text is wrong; names the language.
    """
    notices = Notice.objects.filter(kind=kind.key, params__isnull=False).order_by("pk")
    found = [kind_fields.read(kind, notice.params or {}) for notice in notices]
    for one in found:
        for language, _ in settings.LANGUAGES:
            try:
                content.check(**rendering.contents(one, language))
            except InvalidNotice as error:
                raise AssertionError(f"{one!r} cannot be read in {language!r}: {error}") from error
    return found


def advance_time(by: timedelta) -> None:
    """Makes all that notify has stored older, and does what workers would have done meanwhile.

    No clock is changed: `send_at` and `expires` go by the database's, which a test cannot freeze.
    So every time in the tables of notify is moved back, step by step: scheduled notices arrive in
    the order of their times, what is unread goes out by the channels of its kind (an e-mail is in
    `mail.outbox` then), and what has expired is recalled. A digest goes at its hour by the real
    clock, so up to a day later, or a week. A notice that the test holds has its new times
    after `refresh_from_db()`. Sessions and tickets stay as they are.

    It works inside `immediate_delivery` and outside.

    Args:
        by: How much older.

    Raises:
        Busy: Another connection has locked an inbox for 2 s.
    """
    left, done_until = by, datetime.min.replace(tzinfo=UTC)
    while True:
        step = min(left, _until_next_batch(done_until, default=left))
        _make_older(step)
        left -= step
        done_until = database.now()
        _do_what_is_due()
        if not left:
            return


def _until_next_batch(after: datetime, default: timedelta) -> timedelta:
    """Until the next batch is to be appended, or has waited for its readers long enough. 0 if it
    has become due since `after`."""
    coming = Batch.objects.filter(state__in=[*OPEN, Batch.State.RIPENING], due__gt=after)
    due = coming.aggregate(next=Min("due"))["next"]
    return default if due is None else max(due - database.now(), timedelta(0))


def _make_older(by: timedelta) -> None:
    with transaction.atomic(using=sql.alias()):
        for model in apps.get_app_config("notify").get_models():
            stored = [one for one in model._meta.local_fields if isinstance(one, DateTimeField)]
            if stored:
                model._base_manager.update(**{one.name: F(one.name) - by for one in stored})


def _do_what_is_due() -> None:
    due = Batch.objects.filter(state__in=OPEN, due__lte=database.now()).order_by("due", "pk")
    with immediate_delivery():
        _carry_out(list(due.values_list("pk", flat=True)))
        hand_out_due()
        while expiry.recall_expired().recalled:
            pass


aadvance_time = sync_to_async(advance_time)


async def stop_hub() -> None:
    """Stops the hub of the running event loop: closes its sockets and its database connections.

    The end of the loop does the same, so only tests that share a loop need this.
    """
    loop = asyncio.get_running_loop()
    for hub in hubs():
        if hub.loop is loop:
            await hub.stop()


def _inbox_row(row: Row) -> InboxRow:
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(InboxRow)}
    values["actor"] = row["actor"] and row["actor"]["name"]
    values |= {name: row[name] is not None for name in ("seen", "read", "archived")}
    return InboxRow(**values)


def _carry_out(batches: Sequence[int]) -> None:
    for batch_id in batches:
        carrying_out.carry_out(batch_id)


class _Commits:
    """Runs the `on_commit` callbacks when only the atomic blocks of TestCase are left around them.

    It replaces methods of classes, because connections belong to threads, of which async code has
    several. Without a TestCase, Django does all this itself.
    """

    def __init__(self) -> None:
        self._registered: list[Any] = []

    def on_commit(self) -> Callable[..., None]:
        register = BaseDatabaseWrapper.on_commit

        def on_commit(
            connection: BaseDatabaseWrapper, func: Callable[[], Any], robust: bool = False
        ) -> None:
            is_deferred = connection.in_atomic_block
            register(connection, func, robust)
            if is_deferred:
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
        callbacks: list[Any] = connection.run_on_commit
        mine = [one for one in callbacks if self._is_mine(one)]
        connection.run_on_commit = [one for one in callbacks if not self._is_mine(one)]
        for _, func, robust in mine:
            try:
                func()
            except Exception:
                if not robust:
                    raise
                logger.exception("An on_commit callback failed")

    def _is_mine(self, callback: Any) -> bool:
        """Compares the set of savepoints, of which each callback has one of its own; the tuples are
        replaced at a rollback."""
        return any(callback[0] is one[0] for one in self._registered)
