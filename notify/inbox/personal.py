"""All that is kept about one person: to hand it to them, and to erase it.

The account itself is the project's; so are its sessions. Ended sessions and spent tickets are
kept as hashes and random numbers that lead to nobody; servers delete them (retention.py).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from notify import sql
from notify.changes import Change
from notify.inbox import store
from notify.models import ApiToken, Batch, Inbox, KnownDevice, Notice, Notification, user_pk
from notify.sql import transactions

ROWS_A_BATCH = 1000
PAUSE_S = 0.05

_TOLD = ("kind", "category", "level", "title", "body", "url", "actions", "data", "created")
_STATES = ("arrived", "seen", "read", "archived", "recalled")


def export(user: str) -> dict[str, Any]:
    """Everything, ready for JSON but for its times. The texts of recalled notices are in it:
    they are kept, though no client is shown them."""
    key = user_pk(user)
    return {
        "user": user,
        "inbox": list(_rows(Inbox, user_id=key).values("version", "unseen", "unread")),
        "notifications": [
            {name: getattr(one, name) for name in _STATES}
            | {"id": one.notice_id, "actor": one.notice.actor_name or None}
            | {name: getattr(one.notice, name) for name in _TOLD}
            for one in _rows(Notification, user_id=key).select_related("notice").order_by("arrived")
        ],
        "written": list(_written_by(user).order_by("pk").values("id", "sender", "key", *_TOLD)),
        "waiting_for": [
            {name: getattr(notice, name) for name in ("id", "send_at", *_TOLD)}
            for notice in Notice.objects.filter(
                pk__in=_batches_naming(key, waiting=True).values("notice")
            )
        ],
        "devices": list(_rows(KnownDevice, user_id=key).values("first_seen", "last_seen")),
        "api_tokens": list(
            _rows(ApiToken, user_id=key).values("name", "prefix", "scopes", "created", "revoked")
        ),
    }


def erase(user: str, *, announce: Callable[[Change], None]) -> Counter[str]:
    """Deletes it, in batches, and takes the person's name off what they wrote to others; how many
    rows of each kind. `announce` gets each change of the inbox after its commit.

    What they wrote stays in the inboxes of those it was for: recall it first if it must go.
    """
    key = user_pk(user)
    done: Counter[str] = Counter()
    done["batches"] = _take_off_batches(key)
    notices: set[int] = set()
    for rows in _lots(_rows(Notification, user_id=key)):
        notices.update(notice for _, notice in rows)
        change = store.delete_rows(user, [pk for pk, _ in rows])
        done["notifications"] += len(rows)
        if change is not None:
            announce(change)
        time.sleep(PAUSE_S)
    done["notices"] = _delete_unheld(notices)
    done["devices"] = _rows(KnownDevice, user_id=key).delete()[0]
    done["api tokens"] = _rows(ApiToken, user_id=key).delete()[0]
    # Its keys too: they are the sender's own words, and nobody can use them any more.
    done["authorships"] = _written_by(user).update(actor=None, actor_name="", sender="", key=None)
    done["inboxes"] = _rows(Inbox, user_id=key).delete()[0]
    return done


def _rows(model: Any, **conditions: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(**conditions)
    return rows


def _written_by(user: str) -> QuerySet[Notice]:
    by = Q(actor=user_pk(user)) | Q(sender=f"user:{user}")
    return Notice.objects.filter(by)


def _lots(rows: QuerySet[Any]) -> Iterator[list[tuple[int, int]]]:
    while lot := list(rows.order_by("pk").values_list("pk", "notice_id")[:ROWS_A_BATCH]):
        yield lot


def batch_naming(key: Any, notice_id: int) -> Batch | None:
    """The batch of this notice that has this user among its recipients."""
    return _batches_naming(key, notice_id=notice_id).defer("recipients").first()


def _batches_naming(
    key: Any, *, waiting: bool = False, notice_id: int | None = None
) -> QuerySet[Batch]:
    """The batches that have this user among their recipients, found by the database."""
    batch = sql.table(Batch)
    each = "jsonb_array_elements_text" if sql.is_postgresql() else "json_each"
    value = "r" if sql.is_postgresql() else "value"
    own = sql.database_key(key)
    ids = sql.fetch(
        f"SELECT b.id FROM {batch} b WHERE {'b.notice_id = %s AND' if notice_id else ''} EXISTS"
        f" (SELECT 1 FROM {each}(b.recipients) r WHERE {value} = %s)",
        [*([notice_id] if notice_id else []), str(own) if sql.is_postgresql() else own],
    )
    named = Batch.objects.filter(pk__in=[pk for (pk,) in ids])
    return named.filter(state__in=Batch.NOT_YET) if waiting else named


def _take_off_batches(key: Any) -> int:
    """So that nothing that is on its way arrives, and nobody reads there who was meant."""
    own = sql.database_key(key)
    taken = 0
    for pk in list(_batches_naming(key).values_list("pk", flat=True)):

        def take(pk: int = pk) -> None:
            batch = Batch.objects.select_for_update().get(pk=pk)
            batch.recipients = [one for one in batch.recipients if one != own]
            batch.save(update_fields=["recipients"])

        transactions.in_transaction(take)
        taken += 1
    return taken


def _delete_unheld(notices: set[int]) -> int:
    """Notices that were for this person alone: nobody holds them any more."""
    held = Notification.objects.filter(notice=OuterRef("pk"))
    waiting = Batch.objects.filter(
        notice=OuterRef("pk"), state__in=[*Batch.NOT_YET, Batch.State.RECALLING]
    )
    ids, deleted = sorted(notices), 0
    for start in range(0, len(ids), ROWS_A_BATCH):
        lot = Notice.objects.filter(pk__in=ids[start : start + ROWS_A_BATCH])
        unheld = list(lot.filter(~Exists(held), ~Exists(waiting)).values_list("pk", flat=True))
        Notice.objects.filter(pk__in=unheld).delete()
        deleted += len(unheld)
    return deleted
