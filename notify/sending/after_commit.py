"""The second half of sending: commit hooks, which append what was sent and announce the change.

A hook carries out the only batch of a notice, or a recall of a few copies, and hands what is larger
to the workers. It raises nothing: what fails now, a worker finds within half a minute.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from django.db import DatabaseError, IntegrityError, OperationalError, transaction

from notify import conf, protocol, signals, sql
from notify.bus.publisher import publisher
from notify.changes import Change
from notify.exceptions import Busy
from notify.inbox import appending, claiming, recalling, work
from notify.inbox.control import Recall
from notify.models import Notice
from notify.sending.statements import Written, is_due
from notify.sql import waits

logger = logging.getLogger(__name__)

MAX_SHARED_COPIES = 25_000  # of several notices to the same people: inboxes stay locked for 0.4 s
RELEASING_S = 0.2  # at least, to release batches to the workers
# After the two seconds that a call waits for locks, each change may still wait this long, because
# most inboxes are not locked, until these waits add up to the overdraft.
MIN_WAIT_S = 0.05
MAX_OVERDRAFT_S = 0.5


class _Commit(threading.local):
    """What the hooks of one commit share."""

    left_s: float | None = None  # that they may still wait, all together; None before the first


_commit = _Commit()


def finish_send(written: Written) -> None:
    """Appends and announces a notice after the commit."""
    on_commit(partial(_after_send, written))


def finish_send_many(written: Sequence[Written], change: Change) -> None:
    """Appends and announces several notices after the commit. `change` is that of all inboxes, if
    they were appended already, and else has no steps."""
    on_commit(partial(_after_send_many, written, change))


def finish_recall(notice_id: int, recalled: Recall | None) -> None:
    """Carries out a recall after the commit. `recalled` is None if the notice was recalled before,
    or does not exist."""
    on_commit(partial(_after_recall, notice_id, recalled))


def finish_resume(notice_id: int) -> None:
    """Carries out a notice that was resumed."""
    on_commit(partial(_carry_out_notice, notice_id))


def announce(change: Change | None) -> None:
    """Announces a change, if there is one."""
    if change is not None:
        transaction.on_commit(partial(publisher.publish, change), using=sql.alias())


def on_commit(hook: Callable[[], None]) -> None:
    """Runs a hook after the commit: now, if no transaction is open."""
    _commit.left_s = None
    connection = sql.connection()
    if connection.in_atomic_block or connection.get_autocommit():
        transaction.on_commit(hook, using=sql.alias())
    else:  # the caller begins and ends transactions by hand, which Django's hooks do not allow
        with transaction.atomic(using=sql.alias()):
            transaction.on_commit(hook, using=sql.alias())


def announce_sent(written: Written) -> None:
    """Announces a notice that is committed."""
    if written.change is not None:
        publisher.publish(written.change)
    if not written.notice.repeated:
        signals.notice_sent.send_robust(sender=Notice, notice=written.notice)


def _after_send(written: Written) -> None:
    announce_sent(written)
    notice, batches = written.notice, written.batches
    if notice.repeated:  # the process of the first call may have died
        _carry_out_notice(notice.pk)
    elif batches and is_due(notice):
        with _stored(notice.pk):
            if len(batches) > 1:
                hand_over(batches)
            else:
                _carry_out_or_leave(batches, partial(work.append_one, batches[0], notice))


def _after_send_many(written: Sequence[Written], change: Change) -> None:
    if change.steps:
        publisher.publish(change)
    for one in {one.notice.pk: one for one in written}.values():
        announce_sent(one)
    due = [one for one in written if is_due(one.notice)]
    if several := [batch for one in due for batch in one.batches if len(one.batches) > 1]:
        with _stored(written[0].notice.pk):
            hand_over(several)
    for chunk in _chunks([one for one in due if len(one.batches) == 1]):
        batches = [one.batches[0] for one in chunk]
        notices = [one.notice for one in chunk]
        with _stored(notices[0].pk):
            _carry_out_or_leave(batches, partial(work.append_several, batches, notices))


def _chunks(written: Iterable[Written]) -> Iterator[list[Written]]:
    """Cuts notices with a single batch into chunks, which are appended together.

    Notices to the same people are as many as one frame carries.
    """
    chunk: list[Written] = []
    copies = 0
    for one in written:
        shared = bool(chunk) and one.is_for_the_same(chunk[-1])
        limit = MAX_SHARED_COPIES if shared else appending.MAX_COPIES
        is_full = shared and len(chunk) == protocol.MAX_FRAME_ROWS
        if chunk and (is_full or copies + one.size > limit):
            yield chunk
            chunk, copies = [], 0
        chunk.append(one)
        copies += one.size
    if chunk:
        yield chunk


def _after_recall(notice_id: int, recalled: Recall | None) -> None:
    if recalled is None:
        _carry_out_notice(notice_id)
        return
    signals.notice_recalled.send_robust(sender=Notice, notice_id=notice_id)
    if recalled.batch_id is not None:
        with _stored(notice_id):
            _carry_out_or_hand_over([recalled.batch_id], recalled.inboxes <= recalling.MAX_COPIES)


def _carry_out_notice(notice_id: int) -> None:
    """Carries out the only open batch of a notice; hands several to the workers."""
    with _stored(notice_id):
        batches = claiming.open_batches(notice_id)
        _carry_out_or_hand_over(batches, len(batches) == 1)


def _carry_out_or_hand_over(batches: Sequence[int], here: bool) -> None:
    if here:
        _carry_out_or_leave(batches, partial(_carry_out, batches[0]))
    elif batches:
        hand_over(batches)


def _carry_out(batch_id: int) -> Change | None:
    done = work.carry_out(batch_id, rows=waits.ROWS_OF_A_BATCH)
    return None if done is None else done.change


@contextmanager
def _stored(notice_id: int) -> Iterator[None]:
    """Logs what the block raises. All hooks of one commit together wait at most 2 s for locks."""
    try:
        with waits.limited(_commit.left_s):
            try:
                yield
            finally:
                _commit.left_s = waits.left()
    except Exception:
        logger.exception("Notice %s is stored; a worker will carry it out.", notice_id)


def _carry_out_or_leave(batches: Sequence[int], carry_out: Callable[[], Change | None]) -> None:
    """Carries out batches and announces the change, or leaves them to the workers."""
    # A short wait is allowed after the two seconds, too.
    at_least = MIN_WAIT_S if waits.left() > -MAX_OVERDRAFT_S else 0.0
    try:
        with waits.limited(at_least=at_least):
            change = carry_out()
    except (Busy, OperationalError, IntegrityError) as error:
        _leave_to_workers(batches, error)
    else:
        if change is not None:
            publisher.publish(change)


def _leave_to_workers(batches: Sequence[int], error: Exception) -> None:
    """Makes batches due at once that cannot be carried out here."""
    logger.warning("Notices are stored, and left to the workers: %r", error.__cause__ or error)
    try:
        with waits.limited(at_least=RELEASING_S):
            claiming.release(batches)
        publisher.publish_work()
    except (Busy, DatabaseError) as also:
        logger.warning("The workers couldn't be woken; they will find them within 30 s: %r", also)


def hand_over(batches: Sequence[int]) -> None:
    """Wakes the workers, or enqueues a task for each batch where `NOTIFY_TASK_BACKEND` is set."""
    backend = conf.current().task_backend
    if backend is None:
        publisher.publish_work()
        return
    from notify.sending.tasks import enqueue  # the tasks framework is optional

    with waits.unlimited():
        for batch_id in batches:
            enqueue(batch_id, backend)
