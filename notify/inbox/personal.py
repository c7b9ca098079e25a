"""Exporting and erasing everything that is stored about one person.

The account and its sessions belong to the project. Ended sessions and spent tickets are stored as
hashes and random numbers that identify nobody; servers delete them (`retention`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet

from notify import sql
from notify.changes import Change
from notify.inbox import upkeep
from notify.inbox.retention import PAUSE_S, ROWS_PER_CHUNK, unheld_notices
from notify.models import (
    ApiToken,
    Batch,
    Inbox,
    KnownDevice,
    Message,
    Mute,
    Notice,
    Notification,
    OutboxItem,
    Preference,
    Reach,
    Reader,
    Subscription,
    user_pk,
)
from notify.sql import transactions
from notify.sql.dialects import dialect
from notify.sql.keys import database_key

_TEXTS = ("kind", "category", "level", "title", "body", "url", "actions", "data", "created")
_CONTENT = (*_TEXTS, "about_type", "about_id")
_WRITTEN = ("id", "sender", "key", "actor_picture", *_CONTENT)
_STOPPED_BY = ("recalled_by", "stopped_by")
_READER = ("language", "zone", "shown_language", "shown_zone", "quiet_start", "quiet_end")
_WISHES = {
    "preferences": (Preference, ("scope", "channel", "value", "rhythm", "changed")),
    "mutes": (Mute, ("target", "until", "created")),
    "subscriptions": (Subscription, ("topic", "created")),
}
# What leaves the browser: items before the messages that have them.
_OUTGOING = {
    "outbox": (
        OutboxItem,
        ("channel", "notice", "repeat", "state", "why", "ripe", "rhythm", "made", "ended",
         "message"),
    ),
    "messages": (
        Message,
        ("key", "channel", "address", "state", "why", "language", "zone", "created", "sending",
         "ended"),
    ),
    "reach": (Reach, ("channel", "address", "closed", "failures", "since", "again", "why")),
}  # fmt: skip
_STATES = ("arrived", "seen", "seen_in", "read", "archived", "recalled", "reason")


def export(user: str) -> dict[str, Any]:
    """Everything about a person, ready for JSON except for its times.

    It includes the texts of recalled notices: they are stored, though no client shows them.
    """
    key = user_pk(user)
    return {
        "user": user,
        "inbox": list(_rows(Inbox, user_id=key).values("version", "unseen", "unread", "opened")),
        "notifications": [
            {name: getattr(one, name) for name in _STATES}
            | {"id": one.notice_id, "actor": one.notice.actor_name or None}
            | {name: getattr(one.notice, name) for name in _CONTENT}
            for one in _rows(Notification, user_id=key).select_related("notice").order_by("arrived")
        ],
        "written": list(_written_by(user).order_by("pk").values(*_WRITTEN)),
        "stopped": list(_stopped_by(user).order_by("pk").values("id", "recalled", "stopped")),
        "waiting_for": [
            {name: getattr(notice, name) for name in ("id", "send_at", *_CONTENT)}
            for notice in Notice.objects.filter(
                pk__in=_batches_naming(key, waiting=True).values("notice")
            )
        ],
        "devices": list(_rows(KnownDevice, user_id=key).values("first_seen", "last_seen")),
        "reader": list(_rows(Reader, user_id=key).values(*_READER)),
        **{
            name: list(_rows(model, user_id=key).order_by("pk").values(*fields))
            for name, (model, fields) in (_WISHES | _OUTGOING).items()
        },
        "api_tokens": list(
            _rows(ApiToken, user_id=key).values("name", "prefix", "scopes", "created", "revoked")
        ),
    }


def erase(user: str, *, announce: Callable[[Change], None]) -> Counter[str]:
    """Deletes everything about a person, and their name in notices that they wrote.

    What they wrote stays in the inboxes of its recipients: recall it first if it must go.

    Args:
        user: `str(user.pk)`.
        announce: gets each change of the inbox after its commit.

    Returns:
        How many rows of each kind were deleted or changed.
    """
    key = user_pk(user)
    done: Counter[str] = Counter()
    done["batches"] = _remove_from_batches(key)
    notices: set[int] = set()
    for ids in _chunks(_rows(Notification, user_id=key)):
        notices.update(ids)
        change = upkeep.delete_rows(user, ids)
        done["notifications"] += len(ids)
        if change is not None:
            announce(change)
        time.sleep(PAUSE_S)
    done["notices"] = _delete_unheld(notices)
    done["devices"] = _rows(KnownDevice, user_id=key).delete()[0]
    done["readers"] = _rows(Reader, user_id=key).delete()[0]
    for name, (model, _) in (_WISHES | _OUTGOING).items():
        done[name] = _rows(model, user_id=key).delete()[0]
    done["mutes"] += _rows(Mute, target=f"actor:{user}").delete()[0]  # by others
    done["api tokens"] = _rows(ApiToken, user_id=key).delete()[0]
    # Their idempotency keys too: the sender chose the words, and nobody can use them any more.
    for name in _STOPPED_BY:
        Notice.objects.filter(**{name: _sender(user)}).update(**{name: ""})
    done["authorships"] = _written_by(user).update(
        actor=None, actor_name="", actor_picture="", sender="", key=None
    )
    done["inboxes"] = transactions.in_transaction(lambda: _delete_inbox(key))
    return done


def _delete_inbox(key: Any) -> int:
    """Deletes the inbox with what has arrived since; returns how many inboxes there were."""
    list(_rows(Inbox, user_id=key).select_for_update())
    _rows(Notification, user_id=key).delete()
    deleted, _ = _rows(Inbox, user_id=key).delete()
    return deleted


def _rows(model: Any, **conditions: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(**conditions)
    return rows


def _written_by(user: str) -> QuerySet[Notice]:
    return Notice.objects.filter(Q(actor=user_pk(user)) | Q(sender=_sender(user)))


def _stopped_by(user: str) -> QuerySet[Notice]:
    return Notice.objects.filter(reduce(or_, (Q(**{name: _sender(user)}) for name in _STOPPED_BY)))


def _sender(user: str) -> str:
    return f"user:{user}"


def _chunks(rows: QuerySet[Any]) -> Iterator[list[int]]:
    ids = rows.order_by("version").values_list("notice_id", flat=True)
    while chunk := list(ids[:ROWS_PER_CHUNK]):
        yield chunk


def batch_naming(key: Any, notice_id: int) -> Batch | None:
    """The batch of this notice that has the user among its recipients, if any."""
    return _batches_naming(key, notice_id=notice_id).defer("recipients").first()


def _batches_naming(
    key: Any, *, waiting: bool = False, notice_id: int | None = None
) -> QuerySet[Batch]:
    """The batches that have the user among their recipients, found by the database."""
    condition, params = ("TRUE", []) if notice_id is None else ("batch.notice_id = %s", [notice_id])
    ids = sql.fetch(dialect().batches_naming(condition), [*params, database_key(key)])
    named = Batch.objects.filter(pk__in=[pk for (pk,) in ids])
    return named.filter(state__in=Batch.NOT_YET) if waiting else named


def _remove_from_batches(key: Any) -> int:
    """Takes the user off the recipients, so that nothing more arrives and no batch names them."""
    own = database_key(key)
    batch_ids = list(_batches_naming(key).values_list("pk", flat=True))
    for batch_id in batch_ids:

        def remove(batch_id: int = batch_id) -> None:
            batch = Batch.objects.select_for_update().get(pk=batch_id)
            kept = [n for n, one in enumerate(batch.recipients) if one != own]
            if batch.reasons and len(batch.reasons) == len(batch.recipients):
                batch.reasons = [batch.reasons[n] for n in kept] or None
            batch.recipients = [batch.recipients[n] for n in kept]
            batch.save(update_fields=["recipients", "reasons"])

        transactions.in_transaction(remove)
    return len(batch_ids)


def _delete_unheld(notices: set[int]) -> int:
    """Deletes the notices that nobody has a copy of any more, and returns their number."""
    ids, deleted = sorted(notices), 0
    for start in range(0, len(ids), ROWS_PER_CHUNK):
        chunk = unheld_notices().filter(pk__in=ids[start : start + ROWS_PER_CHUNK])
        unheld = list(chunk.values_list("pk", flat=True))
        Notice.objects.filter(pk__in=unheld).delete()
        deleted += len(unheld)
    return deleted
