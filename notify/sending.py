"""The verbs: send, recall, mark. One function each, which views, admin, API, commands and sockets
call.

In the caller's transaction only the notice and its batches are written. On commit the batches
are carried out, each in a transaction of its own, and what changed is announced. An announcement
that is lost loses nothing: the sockets find out by comparing versions.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models.functions import Now

from notify import conf, content, signals
from notify.exceptions import EmptyAudience, KeyConflict
from notify.inbox import reading, sql, store, work
from notify.inbox.audience import Audience, To
from notify.live import groups
from notify.models import Batch, Level, Notice

logger = logging.getLogger(__name__)

MAX_SENT = 1000


class _Sent(threading.local):
    """The batches that this thread's open transaction has written: the first one's commit hook
    carries out all of them, so that what is sent to the same people in one transaction arrives
    as one change. Those of a transaction that was rolled back stay until the next `send`, and are
    found not to exist. (SQLite gives their ids out again; `work.alike` takes what it may.)"""

    batches: Sequence[int] = ()


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
    Neither waits for the channel layer nor raises because of it.
    """
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
    )
    audience = Audience.of(to)
    left_out = actor.pk if actor is not None and not include_actor else None
    notice = Notice(
        **fields,
        created=sql.now(),
        actor_id=None if actor is None else actor.pk,
        actor_name=_name_of(actor)[:200],
        sender=f"user:{sender.pk}" if sender is not None else "",
    )
    notice.fingerprint = _fingerprint(notice, audience, left_out)
    if not sql.connection().in_atomic_block:
        _sent.batches = ()
    if sql.connection().get_autocommit():
        try:
            return _send_now(notice, audience, left_out)
        except (_NotNow, IntegrityError) as error:
            logger.info("Not in one transaction, so in two: %r", error.__cause__ or error)
            notice.pk = None
    return _send_on_commit(notice, audience, left_out)


asend = sync_to_async(send)


def recall(notice: Notice | int) -> int:
    """Takes a notice out of every inbox and off every screen. How many inboxes hold it.

    No inbox gets it from the commit on; those that have it lose it batch by batch.
    """
    notice_id = _id_of(notice)
    inboxes = work.start_recall(notice_id)
    after = partial(_after_recall, notice_id, first=inboxes is not None)
    transaction.on_commit(after, using=sql.alias())
    return inboxes or 0


arecall = sync_to_async(recall)


def pause(notice: Notice | int) -> int:
    """Stops sending before the next batch; how many people wait for `resume` now."""
    return work.pause(_id_of(notice))


def resume(notice: Notice | int) -> int:
    """Goes on with a paused notice, not before its `send_at`; for how many people."""
    notice_id = _id_of(notice)
    people = work.resume(notice_id)
    transaction.on_commit(partial(_carry_out_or_hand_over, notice_id), using=sql.alias())
    return people


def cancel(notice: Notice | int) -> int:
    """Sends it to nobody who has not got it yet, ever; how many people that are.

    Those who have it keep it: see `recall`.
    """
    return work.cancel(_id_of(notice))


def mark(user: str, as_: str, *, ids: Sequence[int]) -> int:
    """Marks these notices in the user's inbox; the inbox's version after it."""
    version, change = store.mark_ids(user, as_, ids)
    _announce_on_commit(change)
    return version


def mark_through(user: str, as_: str, *, epoch: str, through: int) -> int:
    """Marks all that arrived at or before `through`; the version after it. Raises EpochChanged."""
    version = 0
    for version, change in store.mark_through(user, as_, epoch, through):  # noqa: B007
        _announce_on_commit(change)
    return version


# Work: what servers, workers and tasks do, one batch at a time.


def carry_out(batch_id: int) -> bool:
    """Carries out one batch and announces it; whether there was anything to do."""
    return _announce_done(work.carry_out(batch_id))


def carry_out_next() -> bool:
    """Carries out the batch that is due first; False where none is."""
    return _announce_done(work.carry_out_next())


def recall_expired() -> int:
    """Recalls the notices that have expired by the database's clock. How many there were."""
    expired = work.expired_notices()
    for notice_id in expired:
        recall(notice_id)
    return len(expired)


def _announce_done(done: work.Done | None) -> bool:
    if done is not None and done.change is not None:
        groups.publish(done.change)
    return done is not None


def _announce_on_commit(change: Any) -> None:
    if change is not None:
        transaction.on_commit(partial(groups.publish, change), using=sql.alias())


def _id_of(notice: Notice | int) -> int:
    return notice if isinstance(notice, int) else int(notice.pk)


def _name_of(actor: AbstractBaseUser | None) -> str:
    if actor is None:
        return ""
    full_name = getattr(actor, "get_full_name", str)()
    return str(full_name or actor.get_username())


def _fingerprint(notice: Notice, audience: Audience, left_out: Any) -> str:
    said = reading.notice_row(notice) | {
        "id": None,
        "created": None,
        "send_at": notice.send_at,
        "to": audience.describe(),
        "left_out": left_out,
    }
    text = json.dumps(said, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


class _NotNow(Exception):
    """The inboxes could not be had. Nothing is written."""


def _send_now(notice: Notice, audience: Audience, left_out: Any) -> Notice:
    """Where the caller has no transaction: a notice of one batch is in its inboxes in the
    transaction that writes it. Theirs are the last locks that it takes, and it ends with them.

    Raises _NotNow, and IntegrityError where somebody was deleted meanwhile.
    """
    change, batch = None, None
    with transaction.atomic(using=sql.alias()):
        written = _insert(notice)
        if not written.repeated:
            batch = _write_batches(notice, audience, left_out, done=True)
        if batch is not None:
            try:
                change = work.append_new(batch)
            except DatabaseError as error:
                raise _NotNow from error
            if batch.skipped:
                audience.refuse_unknown()
    if not written.repeated:
        signals.notice_sent.send_robust(sender=Notice, notice=written)
    if change is not None:
        groups.publish(change)
    elif batch is None:
        _carry_out_or_hand_over(written.pk)
    return written


def _send_on_commit(notice: Notice, audience: Audience, left_out: Any) -> Notice:
    """Writes the notice and its batches in the caller's transaction. No inbox is locked there: a
    slow view cannot hold up anybody's."""
    with transaction.atomic(using=sql.alias()):
        written = _insert(notice)
        batch = None if written.repeated else _write_batches(notice, audience, left_out)
        only_batch = None if batch is None else int(batch.pk)
        if only_batch is not None:
            _sent.batches = [*_sent.batches, only_batch][-MAX_SENT:]
        after = partial(_after_commit, written, only_batch, first=not written.repeated)
        transaction.on_commit(after, using=sql.alias())
    return written


def _insert(notice: Notice) -> Notice:
    """The notice, or the one that this sender wrote with the same key before."""
    if notice.key is None:
        notice.save(force_insert=True, using=sql.alias())
        return notice
    try:
        with transaction.atomic(using=sql.alias()):
            notice.save(force_insert=True, using=sql.alias())
        return notice
    except IntegrityError:
        same = Notice.objects.using(sql.alias()).filter(sender=notice.sender, key=notice.key)
        earlier = same.first()
        if earlier is None:
            raise
    if earlier.fingerprint != notice.fingerprint:
        raise KeyConflict(notice.key, earlier.pk)
    earlier.repeated = True
    return earlier


def _write_batches(
    notice: Notice, audience: Audience, left_out: Any, *, done: bool = False
) -> Batch | None:
    """The batch, if there is only one and its time has come. `done`: that one is written as it
    will be when it is carried out, by whoever then looks whether its recipients are users."""
    settings, at_once = conf.current(), notice.send_at is None
    unchecked = done and at_once and len(audience.keys) <= settings.batch_size
    lots = audience.batches(settings.batch_size, without=left_out, unchecked=unchecked)
    first, second = next(lots, None), next(lots, None)
    if first is None:
        raise EmptyAudience("nobody is left to send to. Nothing was sent.")
    ours = Now() + work.GRACE  # where it is this process that has it carried out
    if second is None and at_once:
        return _write_batch(notice, first, ours, done=done)
    due = notice.send_at or (ours if settings.task_backend is not None else Now())
    for lot in (first, *([second] if second else []), *lots):
        _write_batch(notice, lot, due)
    return None


def _write_batch(notice: Notice, lot: Sequence[Any], due: Any, *, done: bool = False) -> Batch:
    keys = sql.database_keys(lot)
    batch = Batch(notice=notice, recipients=keys, size=len(keys), due=due)
    if done:
        batch.state, batch.appended, batch.finished = Batch.State.DONE, batch.size, sql.now()
    batch.save(force_insert=True, using=sql.alias())
    return batch


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
    half a minute."""
    try:
        if only_batch in _sent.batches and _carry_out_all_sent():
            return
        batches = work.open_batches(notice_id)
        if len(batches) == 1:
            carry_out(batches[0])
        elif batches:
            _hand_over(batches)
    except Exception:
        logger.exception("Notice %s is stored; a worker will carry it out.", notice_id)


def _carry_out_all_sent() -> bool:
    """Whether it went well; else the commit hook of each notice tries it alone."""
    together, _sent.batches = _sent.batches, ()
    try:
        for run in work.alike(together):
            for change in work.carry_out_together(run):
                groups.publish(change)
    except Exception as error:
        if len(together) == 1:
            raise
        logger.warning("Not together, so one by one: %r", error)
        return False
    return True


def _hand_over(batches: Sequence[int]) -> None:
    backend = conf.current().task_backend
    if backend is None:
        groups.publish_work()
        return
    from notify.tasks import enqueue  # the tasks framework is optional

    for batch_id in batches:
        enqueue(batch_id, backend)
