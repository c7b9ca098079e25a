"""Commit hooks, which carry out what was sent or recalled, or hand it to the workers.

Carrying out raises nothing: what fails now, a worker finds within half a minute.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from django.db import DatabaseError, OperationalError, transaction

from notify import conf, signals, sql
from notify.bus.publisher import publisher
from notify.changes import Change
from notify.exceptions import Busy
from notify.inbox import claiming, work
from notify.models import Notice
from notify.sending import carrying_out
from notify.sql import waits

logger = logging.getLogger(__name__)

MAX_BATCHES = 1000  # that are carried out together
RELEASING_S = 0.2  # at least, to release batches to the workers
# After the two seconds that a call waits for locks, each change may still wait this long, because
# most inboxes are not locked, until these waits add up to the overdraft.
MIN_WAIT_S = 0.05
MAX_OVERDRAFT_S = 0.5


class Sent(threading.local):
    """The batches that this thread's open transaction has written.

    The first one's commit hook carries out all of them, so that what one transaction sends to the
    same people arrives as one change. Batches of a transaction that was rolled back stay here until
    the next `send`, and are found not to exist. (SQLite reuses their ids, so `claiming.grouped`
    checks that each batch is to be appended now.)
    """

    batches: Sequence[int] = ()
    # Seconds that the hooks of one commit may still wait, all together; None before the first.
    hooks_left: float | None = None


sent = Sent()


def start_send() -> None:
    """Forgets the batches of earlier transactions."""
    sent.hooks_left = None
    if not sql.connection().in_atomic_block:
        sent.batches = ()


def finish_send(notice: Notice, only_batch: int | None) -> None:
    """Carries out a notice. `only_batch` is its batch if it has a single one, which is due."""
    if only_batch is not None:
        sent.batches = [*sent.batches, only_batch][-MAX_BATCHES:]
    transaction.on_commit(partial(_after_send, notice, only_batch), using=sql.alias())


def finish_recall(notice_id: int, *, first: bool) -> None:
    """Carries out a recall. `first` says that the notice had not been recalled before."""
    sent.hooks_left = None
    transaction.on_commit(partial(_after_recall, notice_id, first=first), using=sql.alias())


def finish_resume(notice_id: int) -> None:
    """Carries out a notice that was resumed."""
    sent.hooks_left = None
    transaction.on_commit(partial(_carry_out_or_hand_over, notice_id), using=sql.alias())


def announce(change: Change | None) -> None:
    """Announces a change, if there is one."""
    if change is not None:
        transaction.on_commit(partial(publisher.publish, change), using=sql.alias())


def _after_send(notice: Notice, only_batch: int | None) -> None:
    if not notice.repeated:
        signals.notice_sent.send_robust(sender=Notice, notice=notice)
    _carry_out_or_hand_over(notice.pk, only_batch)


def _after_recall(notice_id: int, *, first: bool) -> None:
    if first:
        signals.notice_recalled.send_robust(sender=Notice, notice_id=notice_id)
    _carry_out_or_hand_over(notice_id)


def _carry_out_or_hand_over(notice_id: int, only_batch: int | None = None) -> None:
    """Carries out a single batch, together with those that this transaction has also sent; hands
    several to the workers. All hooks of one commit together wait at most 2 s for locks."""
    try:
        with _limit_of_hooks():
            several = _carry_out_single(notice_id, only_batch)
        if several:
            with waits.unlimited():
                hand_over(several)
    except Exception:
        logger.exception("Notice %s is stored; a worker will carry it out.", notice_id)


@contextmanager
def _limit_of_hooks() -> Iterator[None]:
    with waits.limited(sent.hooks_left):
        try:
            yield
        finally:
            sent.hooks_left = waits.left()


def _carry_out_single(notice_id: int, only_batch: int | None) -> Sequence[int]:
    """Carries out a single batch, or leaves it to the workers. Returns the batches if there are
    several."""
    batches: Sequence[int] = [] if only_batch is None else [only_batch]
    if only_batch in sent.batches and _carry_out_all_sent():
        return []
    try:
        batches = claiming.open_batches(notice_id)
        if len(batches) > 1:
            return batches
        with _minimum_wait():
            for batch_id in batches:
                carrying_out.carry_out(batch_id, rows=waits.ROWS_OF_A_BATCH)
    except (Busy, OperationalError) as error:
        _leave_to_workers(batches, error)
    return []


def _carry_out_all_sent() -> bool:
    """Returns whether all are carried out or left to the workers. If not, the commit hook of each
    notice tries its own batch."""
    batches, sent.batches = sent.batches, ()
    locked: list[int] = []
    reason: Busy | None = None
    try:
        for run in claiming.grouped(batches):
            try:
                with _minimum_wait():
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
        _leave_to_workers(batches, error)
    except Exception as error:
        if len(batches) == 1:
            raise
        logger.warning(
            "Cannot carry out %d batches together, so each alone: %r", len(batches), error
        )
        return False
    return True


@contextmanager
def _minimum_wait() -> Iterator[None]:
    """Allows a short wait after the two seconds, too."""
    with waits.limited(at_least=MIN_WAIT_S if waits.left() > -MAX_OVERDRAFT_S else 0.0):
        yield


def _leave_to_workers(batches: Sequence[int], error: Exception) -> None:
    """Makes batches due at once that cannot be carried out here."""
    logger.warning("Sent notices are stored and left to the workers: %r", error.__cause__ or error)
    try:
        with waits.limited(at_least=RELEASING_S):
            claiming.release(batches)
        publisher.publish_work()
    except (Busy, DatabaseError) as also:
        logger.warning("The workers will find them within half a minute: %r", also)


def hand_over(batches: Sequence[int]) -> None:
    """Wakes the workers, or enqueues a task for each batch where `NOTIFY_TASK_BACKEND` is set."""
    backend = conf.current().task_backend
    if backend is None:
        publisher.publish_work()
        return
    from notify.sending.tasks import enqueue  # the tasks framework is optional

    for batch_id in batches:
        enqueue(batch_id, backend)
