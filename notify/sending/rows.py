"""Write a notice and its batches, in whatever transaction is open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Greatest, Now

from notify import conf, sql
from notify.exceptions import Busy, EmptyAudience, KeyConflict
from notify.inbox import claiming
from notify.inbox.rows import notice_row
from notify.models import Batch, Level, Notice
from notify.sending.audience import Audience
from notify.sql import database, waits
from notify.sql.keys import database_keys


def name_of(actor: AbstractBaseUser | None) -> str:
    """The full name, or else the username; empty if there is no actor."""
    if actor is None:
        return ""
    full_name = getattr(actor, "get_full_name", str)()
    return str(full_name or actor.get_username())


def fingerprint(notice: Notice, audience: Audience, excluded: Any) -> str:
    """A hash of the arguments of `send`, by which a repeated call is recognised."""
    # Fingerprints are stored: the names and the format must stay.
    arguments = notice_row(notice) | {
        "id": None,
        "created": None,
        "send_at": notice.send_at,
        "to": audience.describe(),
        "left_out": excluded,
    }
    text = json.dumps(arguments, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def insert(notice: Notice) -> Notice:
    """Writes the notice. Returns it, or the earlier notice of this sender with the same key."""
    if notice.key is None:
        notice.save(force_insert=True, using=sql.alias())
        return notice
    try:
        with transaction.atomic(using=sql.alias()):
            notice.save(force_insert=True, using=sql.alias())
        return notice
    except IntegrityError:
        same = Notice.objects.filter(sender=notice.sender, key=notice.key)
        earlier = same.first()
        if earlier is None:
            raise
    if earlier.fingerprint != notice.fingerprint:
        raise KeyConflict(notice.key, earlier.pk)
    return earlier


def write_batches(notice: Notice, audience: Audience, excluded: Any) -> int | None:
    """Writes the batches. Returns the id of the batch if there is only one and it is due."""
    chunks = audience.batches(conf.current().batch_size, without=excluded)
    first, second = next(chunks, None), next(chunks, None)
    if first is None:
        raise EmptyAudience("nobody is left to send to. Nothing was sent.")
    # Workers wait if a commit hook is about to carry out the batch, or a task of a backend is.
    reserved = second is None or conf.current().task_backend is not None
    due: Any = Now() + claiming.GRACE if reserved else Now()
    if notice.send_at is not None:
        due = Greatest(Now(), Value(notice.send_at, DateTimeField()))
    if second is not None:  # evaluated once, the same for all: see inbox/turns.py
        query = Notice.objects.filter(pk=notice.pk)
        due = query.annotate(due=due).values_list("due", flat=True).get()
    only = _write(_batch(notice, first), due)
    for chunk in (*([second] if second else []), *chunks):
        _write(_batch(notice, chunk), due)
    return None if second is not None or notice.send_at is not None else int(only.pk)


def done_batch(notice: Notice, recipients: Sequence[Any]) -> Batch:
    """The only batch of a notice, in the state after it is carried out; not saved."""
    batch = _batch(notice, recipients)
    batch.state, batch.appended, batch.finished = Batch.State.DONE, batch.size, database.now()
    batch.due = batch.finished
    return batch


@contextmanager
def busy_if_locked(*, unless: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Turns a database error into Busy if it was caused by a lock; `unless` says not to."""
    try:
        yield
    except OperationalError as error:
        if unless() or not waits.is_transient(error):
            raise
        raise cannot_be_stored() from error


def cannot_be_stored() -> Busy:
    return Busy(
        "The notice cannot be stored: another transaction has locked its tables or its key. "
        "Try again."
    )


def _batch(notice: Notice, recipients: Sequence[Any]) -> Batch:
    keys = database_keys(recipients)
    urgent = notice.level == Level.CRITICAL
    return Batch(notice=notice, recipients=keys, size=len(keys), urgent=urgent)


def _write(batch: Batch, due: Any) -> Batch:
    batch.due = due
    batch.save(force_insert=True, using=sql.alias())
    return batch
