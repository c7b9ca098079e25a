"""The verbs: send, recall, mark. One function each, which views, admin, API, commands and sockets
call.

In the caller's transaction only the notice and its batches are written. On commit the batches
are carried out, each in a transaction of its own, and what changed is announced. Where the caller
has none, writing and appending are one. An announcement that is lost loses nothing: the sockets
find out by comparing versions.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, IntegrityError, OperationalError, transaction

from notify import conf, protocol, signals, sql
from notify.bus.publisher import publisher
from notify.changes import Change
from notify.exceptions import Busy
from notify.inbox import claiming, control, marking, one_statement, work
from notify.inbox.turns import Turns
from notify.models import Level, Notice, content
from notify.sending import rows
from notify.sending.audience import Audience, To
from notify.sql import database, transactions, waits

logger = logging.getLogger(__name__)

MAX_SENT = 1000
# Of the two seconds that a call waits for locks:
AT_ONCE_S = 1.5  # Share for locking inboxes.
STORING_S = 0.5  # Share for storing the notice.
LEAVING_S = 0.2  # Share for releasing it to workers.
# When the two seconds are over, what nobody has locked is still carried out: so long for each
# change, until they have cost so much more.
FLOOR_S = 0.05
OVERDRAFT_S = 0.5


class _Sent(threading.local):
    """The batches that this thread's open transaction has written: the first one's commit hook
    carries out all of them, so that what is sent to the same people in one transaction arrives
    as one change. Those of a transaction that was rolled back stay until the next `send`, and are
    found not to exist. (SQLite gives their ids out again; `claiming.grouped` takes what it may.)"""

    batches: Sequence[int] = ()
    # What the hooks of its commit may still wait, all together, in s; None until one runs.
    hooks_left: float | None = None


_sent = _Sent()


def send(
    *,
    to: To,
    title: str,
    body: str = "",
    level: str = Level.INFO,
    category: str = "",
    url: str | None = None,
    actor: AbstractBaseUser | None = None,
    include_actor: bool = False,
    actions: Iterable[Mapping[str, str]] = (),
    data: Mapping[str, Any] | None = None,
    kind: str = "",
    expires: datetime | None = None,
    send_at: datetime | None = None,
    key: str | None = None,
    sender: AbstractBaseUser | None = None,
) -> Notice:
    """Sends a notice to each recipient's inbox and open browsers, once this transaction commits.

    `to` is a user, a primary key, a Group, a Permission (whoever has it), a queryset of users,
    `everyone()`, or an iterable of those; `actor`, whoever caused it, is left out unless
    `include_actor`. `body` is plain text. `url` and the actions' are paths or http(s) addresses.
    `expires` and `send_at` are datetimes with a time zone. With `key` a repeated call of the same
    `sender` (None: the system) returns the notice of the first; `to` given as a queryset may then
    have changed.

    Raises InvalidNotice (also a ValueError) naming the field and the cure, EmptyAudience where
    nobody is left to send to, UnknownUsers, and KeyConflict where the key is another notice's.
    Where the inboxes stay locked by others for 2 s, the notice is stored and a worker brings it;
    where it cannot be stored either, raises Busy. Neither waits for the channel layer nor raises
    because of it.
    """
    with waits.limited():
        with _busy_where_locked():
            now = database.now()
            fields = content.check(
                title=title,
                body=body,
                level=level,
                category=category,
                url=url,
                actions=actions,
                data=data,
                kind=kind,
                expires=expires,
                send_at=send_at,
                key=key,
                now=now,
            )
            audience = Audience.of(to)
        left_out = actor.pk if actor is not None and not include_actor else None
        notice = Notice(
            **fields,
            created=now,
            actor_id=None if actor is None else actor.pk,
            actor_name=rows.name_of(actor)[:200],
            sender=f"user:{sender.pk}" if sender is not None else "",
        )
        notice.fingerprint = rows.fingerprint(notice, audience, left_out)
        _sent.hooks_left = None
        if not sql.connection().in_atomic_block:
            _sent.batches = ()
        if _may_go_now(notice, audience, left_out) and _send_now(notice, audience, left_out):
            return notice
        return _send_on_commit(notice, audience, left_out)


asend = sync_to_async(send)


def recall(notice: Notice | int) -> int:
    """Takes a notice out of every inbox and off every screen. How many inboxes hold it.

    No inbox gets it from the commit on; those that have it lose it batch by batch. Raises Busy
    where its batches stay locked by others for 2 s, as `pause`, `resume` and `cancel` do.
    """
    notice_id = _id_of(notice)
    with waits.limited():
        inboxes = control.start_recall(notice_id)
        _carry_out_on_commit(partial(_after_recall, notice_id, first=inboxes is not None))
    return inboxes or 0


arecall = sync_to_async(recall)


def pause(notice: Notice | int) -> int:
    """Stops sending before the next batch; how many people wait for `resume` now."""
    return control.pause(_id_of(notice))


def resume(notice: Notice | int) -> int:
    """Goes on with a paused notice, not before its `send_at`; for how many people."""
    notice_id = _id_of(notice)
    with waits.limited():
        people = control.resume(notice_id)
        _carry_out_on_commit(partial(_carry_out_or_hand_over, notice_id))
    return people


def cancel(notice: Notice | int) -> int:
    """Sends it to nobody who has not got it yet, ever; how many people that are.

    Those who have it keep it: see `recall`.
    """
    return control.cancel(_id_of(notice))


def mark(user: str, as_: str, *, ids: Sequence[int]) -> int:
    """Marks these notices in the user's inbox; the inbox's version after it."""
    version, change = marking.mark_ids(user, as_, ids)
    _announce_on_commit(change)
    return version


def mark_through(user: str, as_: str, *, epoch: str, through: int) -> int:
    """Marks all that arrived at or before `through`; the version after it. Raises EpochChanged."""
    version = 0
    for version, change in marking.mark_through(user, as_, epoch, through):  # noqa: B007
        _announce_on_commit(change)
    return version


def carry_out_mark(user: str, frame: protocol.Mark) -> int:
    """Carries out a `mark` frame, which names either ids or `through`.

    Returns:
        The version of the user's inbox after it.

    Raises:
        EpochChanged: `through` belongs to another epoch of the inbox.
        Busy: the inbox stays locked by others.
    """
    if isinstance(frame, protocol.MarkIds):
        return mark(user, frame.as_, ids=frame.ids)
    return mark_through(user, frame.as_, epoch=frame.epoch, through=frame.through)


# Work: what servers, workers and tasks do, one batch at a time.


def carry_out(batch_id: int) -> bool:
    """Carries out one batch and announces it; whether there was anything to do."""
    return _announce_done(work.carry_out(batch_id))


def carry_out_next(turns: Turns | None = None) -> bool:
    """Carries out the batch whose turn it is for this worker (None: a fresh worker); False where
    none is due. Raises what `work.carry_out_next` does."""
    return _announce_done(work.carry_out_next(turns))


class Expiry(NamedTuple):
    """What became of one lot of expired notices."""

    seen: int
    recalled: int


def recall_expired() -> Expiry:
    """Recalls a lot of the notices that have expired by the database's clock.

    One whose batches somebody has, or that fails, is logged and left for the next time. Raises
    DatabaseError where the connection is lost.
    """
    lot = control.expired_notices()
    return Expiry(len(lot), sum(map(_recall_expired, lot)))


def _recall_expired(notice_id: int) -> bool:
    try:
        first = control.start_recall(notice_id, urgent=False, wait=False) is not None
    except Busy as busy:
        logger.info("Notice %s has expired, and is recalled later: %s", notice_id, busy)
        return False
    except DatabaseError as error:
        if not sql.connection().is_usable():
            raise
        logger.warning("Notice %s has expired, and cannot be recalled: %r", notice_id, error)
        return False
    if first:
        _carry_out_on_commit(partial(_after_recall, notice_id, first=True))
    return first


def _announce_done(done: work.Done | None) -> bool:
    if done is not None and done.change is not None:
        publisher.publish(done.change)
    return done is not None


def _announce_on_commit(change: Any) -> None:
    if change is not None:
        transaction.on_commit(partial(publisher.publish, change), using=sql.alias())


def _id_of(notice: Notice | int) -> int:
    return notice if isinstance(notice, int) else int(notice.pk)


class _NotNow(Exception):
    """The inboxes could not be had. Nothing is written."""


def _may_go_now(notice: Notice, audience: Audience, left_out: Any) -> bool:
    """Whether it has one batch, which is due, and the caller has no transaction. Not with a key:
    others would wait for it as long as it waits for the inboxes."""
    return (
        sql.connection().get_autocommit()
        and notice.key is None
        and notice.send_at is None
        and 0 < len(audience.keys - {left_out}) <= conf.current().batch_size
        and audience.is_keys_only()
    )


def _send_now(notice: Notice, audience: Audience, left_out: Any) -> bool:
    """Writes the notice and puts it into the inboxes in one transaction, which ends with the
    inboxes' locks. Whether it did; else nothing is written. Raises UnknownUsers."""
    batch = rows.done_batch(notice, sorted(audience.keys - {left_out}))
    change: Change | None = None
    committed = False

    def tell() -> None:
        nonlocal committed
        committed = True
        if change is not None:
            publisher.publish(change)
        signals.notice_sent.send_robust(sender=Notice, notice=notice)

    try:
        with waits.limited(AT_ONCE_S):
            change = one_statement.append(batch)
        if change is not None:
            tell()
            return True
        with waits.limited(AT_ONCE_S), transactions.begin(rows=batch.size):
            transaction.on_commit(tell, using=sql.alias())  # before the hooks of others, which fail
            notice.save(force_insert=True, using=sql.alias())
            batch.notice = notice  # which has its id now
            batch.save(force_insert=True, using=sql.alias())
            try:
                change = work.append_new(batch)
            except DatabaseError as error:
                raise _NotNow from error
            if batch.skipped:
                audience.refuse_unknown()
                raise _NotNow  # they have come into being since
    except (_NotNow, IntegrityError, OperationalError) as error:
        # What the commit refuses is rolled back: somebody was deleted, a lock could not be had. Of
        # a connection that broke nobody knows.
        if committed or not (isinstance(error, _NotNow | IntegrityError) or _was_refused(error)):
            raise
        if waits.is_transient(error) and not sql.is_postgresql():
            raise _cannot_be_stored() from error  # SQLite has one lock for all
        logger.info("Not in one transaction, so in two: %r", error.__cause__ or error)
        notice.pk = None
    return committed


def _send_on_commit(notice: Notice, audience: Audience, left_out: Any) -> Notice:
    """Writes the notice and its batches in the caller's transaction. No inbox is locked there: a
    slow view cannot hold up anybody's. Raises Busy where they cannot be written in time."""
    committed = False

    def note_commit() -> None:
        nonlocal committed
        committed = True

    with (
        waits.limited(at_least=STORING_S),
        _busy_where_locked(unless=lambda: committed),
        transactions.begin(),
    ):
        transaction.on_commit(note_commit, using=sql.alias())
        written = rows.insert(notice)
        written.repeated = written is not notice
        only_batch = None
        if not written.repeated:
            only_batch = rows.write_batches(notice, audience, left_out)
        if only_batch is not None:
            _sent.batches = [*_sent.batches, only_batch][-MAX_SENT:]
        after = partial(_after_commit, written, only_batch, first=not written.repeated)
        transaction.on_commit(after, using=sql.alias())
    return written


@contextmanager
def _busy_where_locked(*, unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if unless() or not waits.is_transient(error):
            raise
        raise _cannot_be_stored() from error


def _cannot_be_stored() -> Busy:
    return Busy("The notice cannot be stored: others have its tables or its key locked. Try again.")


def _was_refused(error: BaseException) -> bool:
    """Whether the database took it back, for a lock or after the time that the role has."""
    return waits.is_transient(error) or waits.state(error) == waits.QUERY_CANCELED


def _carry_out_on_commit(hook: Callable[[], None]) -> None:
    _sent.hooks_left = None
    transaction.on_commit(hook, using=sql.alias())


def _after_commit(notice: Notice, only_batch: int | None, *, first: bool) -> None:
    if first:
        signals.notice_sent.send_robust(sender=Notice, notice=notice)
    _carry_out_or_hand_over(notice.pk, only_batch)


def _after_recall(notice_id: int, *, first: bool) -> None:
    if first:
        signals.notice_recalled.send_robust(sender=Notice, notice_id=notice_id)
    _carry_out_or_hand_over(notice_id)


def _carry_out_or_hand_over(notice_id: int, only_batch: int | None = None) -> None:
    """A single batch is carried out here, with those that this transaction has also sent; more
    are handed to the workers. Raises nothing: what is not done now is found by a worker within
    half a minute. Waits for locks, but all hooks of one commit together for 2 s."""
    try:
        with _limit_of_hooks():
            several = _carry_out_alone(notice_id, only_batch)
        if several:
            with waits.unlimited():
                _hand_over(several)
    except Exception:
        logger.exception("Notice %s is stored; a worker will carry it out.", notice_id)


@contextmanager
def _limit_of_hooks() -> Iterator[None]:
    with waits.limited(_sent.hooks_left):
        try:
            yield
        finally:
            _sent.hooks_left = waits.left()


def _carry_out_alone(notice_id: int, only_batch: int | None) -> Sequence[int]:
    """Carries out what is a single batch, or leaves it to the workers; the batches where there are
    several."""
    batches: Sequence[int] = [] if only_batch is None else [only_batch]
    if only_batch in _sent.batches and _carry_out_all_sent():
        return []
    try:
        batches = claiming.open_batches(notice_id)
        if len(batches) > 1:
            return batches
        with _floor():
            for batch_id in batches:
                _announce_done(work.carry_out(batch_id, rows=waits.ROWS_OF_A_BATCH))
    except (Busy, OperationalError) as error:
        _leave_to_workers(batches, error)
    return []


def _carry_out_all_sent() -> bool:
    """Whether it is done, or left to the workers; else the commit hook of each notice tries it
    alone."""
    together, _sent.batches = _sent.batches, ()
    locked: list[int] = []
    reason: Busy | None = None
    try:
        for run in claiming.grouped(together):
            try:
                with _floor():
                    changes = work.carry_out_together(run)
            except Busy as busy:
                locked += run
                reason = busy
            else:
                for change in changes:
                    publisher.publish(change)
        if reason is not None:
            _leave_to_workers(locked, reason)
    except OperationalError as error:
        _leave_to_workers(together, error)
    except Exception as error:
        if len(together) == 1:
            raise
        logger.warning("Not together, so one by one: %r", error)
        return False
    return True


@contextmanager
def _floor() -> Iterator[None]:
    """What nobody else has locked need not wait, so it is tried after the two seconds, too."""
    with waits.limited(at_least=FLOOR_S if waits.left() > -OVERDRAFT_S else 0.0):
        yield


def _leave_to_workers(batches: Sequence[int], error: Exception) -> None:
    """What is stored, and could not be carried out here, is due at once."""
    logger.warning("What was sent is stored, for a worker: %r", error.__cause__ or error)
    try:
        with waits.limited(at_least=LEAVING_S):
            claiming.release(batches)
        publisher.publish_work()
    except (Busy, DatabaseError) as also:
        logger.warning("A worker will find it within half a minute: %r", also)


def _hand_over(batches: Sequence[int]) -> None:
    backend = conf.current().task_backend
    if backend is None:
        publisher.publish_work()
        return
    from notify.sending.tasks import enqueue  # the tasks framework is optional

    for batch_id in batches:
        enqueue(batch_id, backend)
