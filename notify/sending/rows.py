"""The rows of a notice, itself and its batches, in whatever transaction is open."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, Value
from django.db.models.functions import Greatest, Now

from notify import conf, sql
from notify.exceptions import EmptyAudience, KeyConflict
from notify.inbox import claiming
from notify.inbox.rows import notice_row
from notify.models import Batch, Level, Notice
from notify.sending.audience import Audience
from notify.sql import database
from notify.sql.keys import database_keys


def name_of(actor: AbstractBaseUser | None) -> str:
    if actor is None:
        return ""
    full_name = getattr(actor, "get_full_name", str)()
    return str(full_name or actor.get_username())


def fingerprint(notice: Notice, audience: Audience, left_out: Any) -> str:
    said = notice_row(notice) | {
        "id": None,
        "created": None,
        "send_at": notice.send_at,
        "to": audience.describe(),
        "left_out": left_out,
    }
    text = json.dumps(said, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()


def insert(notice: Notice) -> Notice:
    """The notice, or the one that this sender wrote with the same key before."""
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


def write_batches(notice: Notice, audience: Audience, left_out: Any) -> int | None:
    """The batch's id if it is the only one and due now, else None."""
    lots = audience.batches(conf.current().batch_size, without=left_out)
    first, second = next(lots, None), next(lots, None)
    if first is None:
        raise EmptyAudience("nobody is left to send to. Nothing was sent.")
    # The only batch is carried out right after the commit; more are for whoever is there.
    mine = second is None or conf.current().task_backend is not None
    due: Any = Now() + claiming.GRACE if mine else Now()
    if notice.send_at is not None:
        due = Greatest(Now(), Value(notice.send_at, DateTimeField()))
    if second is not None:  # the same moment for all: see inbox/turns.py
        this = Notice.objects.filter(pk=notice.pk)
        due = this.annotate(due=due).values_list("due", flat=True).get()
    only = _write(_batch(notice, first), due)
    for lot in (*([second] if second else []), *lots):
        _write(_batch(notice, lot), due)
    return None if second is not None or notice.send_at is not None else int(only.pk)


def done_batch(notice: Notice, lot: Sequence[Any]) -> Batch:
    """The only batch, as it is when it has been carried out; not saved."""
    batch = _batch(notice, lot)
    batch.state, batch.appended, batch.finished = Batch.State.DONE, batch.size, database.now()
    batch.due = batch.finished
    return batch


def _batch(notice: Notice, lot: Sequence[Any]) -> Batch:
    recipients = database_keys(lot)
    urgent = notice.level == Level.CRITICAL
    return Batch(notice=notice, recipients=recipients, size=len(recipients), urgent=urgent)


def _write(batch: Batch, due: Any) -> Batch:
    batch.due = due
    batch.save(force_insert=True, using=sql.alias())
    return batch
