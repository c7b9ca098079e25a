"""Writing to inboxes: the only code that touches `Inbox.version`, but for `one_statement`.

Each change adds one to the version of the inboxes concerned, under their row locks, in the
transaction of the change, and stamps the rows that it touched. Locks are held until commit, so
the order of versions is the order of commits and no cursor can skip a row. Locks are taken in
one order everywhere: batch, notice, inbox rows by key, notifications.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import Count, Q

from notify import sql
from notify.changes import Change, Step
from notify.exceptions import Busy, EpochChanged
from notify.inbox import epoch, one_statement, reading
from notify.inbox.marks import MARKS, Mark
from notify.models import Batch, Inbox, Notification, user_pk
from notify.sql import database, transactions, waits

logger = logging.getLogger(__name__)

ROWS_A_CHANGE = 2000  # a mark of everything is several changes
ROWS_IN_A_CHANGE = 50  # a change of more does not carry them; whoever needs them reads them


def _step(count: int = 1) -> str:
    return f"user_id, epoch, version - {count}, version, unseen, unread"


def _steps(records: Sequence[tuple[Any, ...]]) -> list[Step]:
    suffix = epoch.suffix()
    return [Step(sql.public_key(key), own + suffix, *rest) for key, own, *rest in records]


# Batches are appended, or one is taken out again. Both run inside a transaction of `work`.


def append(*batches: Batch) -> Change:
    """Puts the notices of these batches into the inboxes of their recipients, in this order.

    Several batches have the same recipients, and their notices no other batch. Set-based, so
    that no Python object is made per recipient but its step. Users who are gone are skipped and
    counted on the batch. The caller holds the locks of the batches and of their notices, or has
    just written them.
    """
    inbox, notification = sql.table(Inbox), sql.table(Notification)
    keys, key_params = _recipients(batches[0])
    notices = [batch.notice_id for batch in batches]
    count = len(notices)

    def insert_copies() -> int:
        # What locks the inboxes reads their versions, too: it waits for whoever has them, and
        # then has what they have left.
        return sql.execute(
            f"INSERT INTO {notification} (user_id, notice_id, arrived, version)"
            " SELECT i.user_id, t.column2, i.version + t.column1, i.version + t.column1"
            f" FROM {sql.locked_inboxes(keys)} i, {sql.numbered(count)} t"
            " WHERE TRUE ON CONFLICT (user_id, notice_id) DO NOTHING",
            [*key_params, *chain.from_iterable(enumerate(notices, 1))],
        )

    present, arrived = batches[0].size, 0
    if present == 1:  # whoever it is mostly has an inbox
        arrived = insert_copies()
    if not arrived:  # before any is locked: who has some and waits for others may wait for ever
        reading.open_inboxes(keys, key_params)
        # The copies first: they say who did not have one. To ask that beforehand (NOT EXISTS)
        # takes PostgreSQL through all copies of the notice for each batch: docs/performance.md.
        arrived = insert_copies()
    counted, params = f"user_id IN {keys}", [*key_params]
    if arrived < present * count:  # users who are gone, or who are in two batches and had it
        [(present,)] = sql.fetch(f"SELECT count(*) FROM {inbox} WHERE {counted}", params)
    if arrived < present * count:
        if count > 1:
            raise AssertionError("A notice with another batch is appended alone.")
        counted += (
            f" AND EXISTS (SELECT 1 FROM {notification} n WHERE n.user_id = {inbox}.user_id"
            f" AND n.notice_id = %s AND n.arrived = {inbox}.version + 1)"
        )
        params += notices
    records = sql.fetch(
        f"UPDATE {inbox} SET version = version + {count}, unseen = unseen + {count},"
        f" unread = unread + {count} WHERE {counted} RETURNING {_step(count)}",
        params,
    )
    for batch in batches:
        batch.appended = len(records)
        batch.skipped = batch.size - present
    return Change(_steps(records), [reading.notice_row(batch.notice) for batch in batches])


def _recipients(batch: Batch) -> tuple[str, list[Any]]:
    """Their keys as SQL, and its parameters. A worker does not read them from the batch."""
    if batch.size == 1 and "recipients" not in batch.get_deferred_fields():
        return sql.sole_key(), batch.recipients
    return sql.keys_of_batch(), [batch.pk]


def take_out(batch: Batch) -> Change:
    """Marks the batch's notifications recalled. The caller holds the batch's and notice's locks."""
    inbox, notification = sql.table(Inbox), sql.table(Notification)
    keys, key_params = sql.keys_of_batch(), [batch.pk]
    sql.fetch(f"SELECT count(*) FROM {sql.locked_inboxes(keys)} i", key_params)
    records = sql.fetch(
        f"UPDATE {inbox} SET version = {inbox}.version + 1,"
        f" unseen = {_less_one('unseen', 'seen')}, unread = {_less_one('unread', 'read')}"
        f" FROM {sql.copies_of(keys)} n WHERE n.user_id = {inbox}.user_id AND n.recalled IS NULL"
        f" RETURNING {inbox}.user_id, {inbox}.epoch, {inbox}.version - 1, {inbox}.version,"
        f" {inbox}.unseen, {inbox}.unread",
        [*key_params, batch.notice_id],
    )
    sql.execute(
        f"UPDATE {notification} SET recalled = %s, version ="
        f" (SELECT i.version FROM {inbox} i WHERE i.user_id = {notification}.user_id)"
        f" WHERE id IN (SELECT n.id FROM {sql.copies_of(keys)} n WHERE n.recalled IS NULL)",
        [sql.moment(batch.notice.recalled or database.now()), *key_params, batch.notice_id],
    )
    return Change(_steps(records))


def _less_one(count: str, field: str) -> str:
    """A count of an inbox without its copy `n`, where that was in it. The rows are counted where
    others have changed them without their inbox, so that it would fall below 0."""
    inbox, live = sql.table(Inbox), f"{field} IS NULL AND archived IS NULL AND recalled IS NULL"
    return (
        f"CASE WHEN n.{field} IS NOT NULL OR n.archived IS NOT NULL THEN {inbox}.{count}"
        f" WHEN {inbox}.{count} > 0 THEN {inbox}.{count} - 1"
        f" ELSE (SELECT count(*) FROM {sql.table(Notification)} m WHERE {live}"
        f" AND m.user_id = {inbox}.user_id AND m.id <> n.id) END"
    )


# Marks


def mark_ids(user: str, as_: str, ids: Sequence[int]) -> tuple[int, Change | None]:
    """Marks those of the notices that are in this inbox; the version after it, and the change.

    A mark that changes nothing leaves version and times alone. Raises Busy.
    """
    mark = MARKS[as_]
    with waits.limited():
        if 0 < len(ids) <= ROWS_IN_A_CHANGE:
            done = one_statement.mark(user, mark, ids)
            if done is not None:
                return done
        target = f"m.notice_id IN {sql.list_of(ids)}" if ids else "FALSE"
        version, change, _ = transactions.in_transaction(
            lambda: _mark(user, mark, target, ids), rows=len(ids)
        )
    return version, change


def mark_through(
    user: str, as_: str, client_epoch: str, through: int
) -> Iterator[tuple[int, Change | None]]:
    """Marks all that arrived at or before `through`, in changes of at most 2,000 rows.

    Yields after each commit. Raises EpochChanged where the cursor is of another life of the
    inbox, and Busy, also while another such mark of this user is under way.
    """
    reached: int | None = 0  # each change begins where the last one ended
    while reached is not None:

        def step(after: int = reached) -> tuple[int, Change | None, int | None]:
            target, params = "m.arrived > %s AND m.arrived <= %s", [after, through]
            return _mark(user, MARKS[as_], target, params, client_epoch, claim=after == 0)

        version, change, reached = transactions.in_transaction(step, rows=waits.ROWS_OF_A_BATCH)
        yield version, change


def _mark(
    user: str,
    mark: Mark,
    target: str,
    params: Sequence[Any],
    client_epoch: str | None = None,
    *,
    claim: bool = False,
) -> tuple[int, Change | None, int | None]:
    """(version, change, `arrived` of the last row where some may be left)."""
    inbox = _locked_inbox(user)
    if client_epoch is not None and epoch.full(inbox.epoch) != client_epoch:
        raise EpochChanged("This cursor is of an earlier life of the inbox; read the inbox anew.")
    if claim:
        _refuse_a_second(inbox)
    key = sql.database_key(user)
    limit = ROWS_A_CHANGE if client_epoch is not None else len(params)  # ids are one change
    chosen = (
        f"SELECT m.* FROM {sql.table(Notification)} m WHERE m.user_id = %s AND {target}"
        f" AND {mark.changes} ORDER BY m.arrived LIMIT {limit}"
    )
    [(rows, last, unseen, unread)] = sql.fetch(
        f"SELECT count(*), max(m.arrived), count(CASE WHEN {mark.unseen} THEN 1 END),"
        f" count(CASE WHEN {mark.unread} THEN 1 END)"
        f" FROM ({chosen}) m",
        [key, *params],
    )
    left = last if rows == limit else None
    if rows:
        sets, times = mark.assignments(sql.moment(database.now()))
        sql.execute(
            f"UPDATE {sql.table(Notification)} SET {sets}, version = %s"
            f" WHERE id {sql.one_of(f'(SELECT id FROM ({chosen}) chosen)')}",
            [*times, inbox.version + 1, key, *params],
        )
    change = _step_on(inbox, rows, mark.sign * unseen, mark.sign * unread)
    if client_epoch is not None:
        _note_marking(inbox, None if left is None else database.now())
    return inbox.version, change, left


MARK_STALLED_S = 30.0  # a mark of everything that made no progress for so long has died


def _refuse_a_second(inbox: Inbox) -> None:
    if inbox.marking and (database.now() - inbox.marking).total_seconds() < MARK_STALLED_S:
        raise Busy("Another mark of everything is under way in this inbox; try again after it.")


def _note_marking(inbox: Inbox, since: datetime | None) -> None:
    if inbox.marking != since:
        inbox.marking = since
        inbox.save(update_fields=["marking"])


def _locked_inbox(user: str) -> Inbox:
    """The inbox under its row lock, made where it is missing."""
    locked = Inbox.objects.select_for_update().filter(pk=user_pk(user))
    inbox = locked.first()
    if inbox is None:
        keys = sql.json_array([sql.database_key(user)])
        reading.open_inboxes(sql.keys_of(), [keys])
        inbox = locked.get()
    return inbox


def _step_on(
    inbox: Inbox,
    rows: int,
    unseen: int,
    unread: int,
    *,
    floor: bool = False,
) -> Change | None:
    """Writes the locked inbox after a change of `rows` rows; the counts move by what is given."""
    if not (rows or unseen or unread):
        return None
    inbox.version += 1
    inbox.unseen += unseen
    inbox.unread += unread
    if min(inbox.unseen, inbox.unread) < 0:
        inbox.unseen, inbox.unread = _counted(inbox)
        logger.warning(
            "The counts of the inbox of %s were wrong, and are counted anew: others have changed "
            "its notifications by a query of their own.",
            inbox.pk,
        )
    if floor:
        inbox.floor = inbox.version
    inbox.save(update_fields=["version", "unseen", "unread", "floor"])
    user = str(inbox.pk)
    own = epoch.full(inbox.epoch)
    step = Step(user, own, inbox.version - 1, inbox.version, inbox.unseen, inbox.unread)
    few = rows <= ROWS_IN_A_CHANGE and not floor
    return Change([step], rows=reading.rows_of_version(user, inbox.version) if few else None)


# Upkeep


def delete_rows(user: str, ids: Sequence[int]) -> Change | None:
    """Deletes these notifications (their own ids). A change too: cursors below it are void."""
    return transactions.in_transaction(lambda: _delete(user, ids))


def _delete(user: str, ids: Sequence[int]) -> Change | None:
    inbox = _locked_inbox(user)
    rows = Notification.objects.filter(user_id=inbox.pk, pk__in=ids)
    counted = rows.aggregate(unseen=_count_of("seen"), unread=_count_of("read"))
    deleted, _ = rows.delete()
    return _step_on(inbox, deleted, -counted["unseen"], -counted["unread"], floor=deleted > 0)


def recount(user: str) -> Change | None:
    """Sets the counts to what the rows say; None where they were right."""
    return transactions.in_transaction(lambda: _recount(user))


def _recount(user: str) -> Change | None:
    inbox = _locked_inbox(user)
    unseen, unread = _counted(inbox)
    return _step_on(inbox, 0, unseen - inbox.unseen, unread - inbox.unread)


def _counted(inbox: Inbox) -> tuple[int, int]:
    """Unseen and unread, as the rows say."""
    rows = Notification.objects.filter(user_id=inbox.pk)
    true = rows.aggregate(unseen=_count_of("seen"), unread=_count_of("read"))
    return true["unseen"], true["unread"]


def _count_of(field: str) -> Count:
    """How many rows have it unset and count for the inbox."""
    live = Q(archived__isnull=True, recalled__isnull=True)
    return Count("pk", filter=live & Q(**{f"{field}__isnull": True}))


def acknowledge(versions: Mapping[str, int]) -> set[str]:
    """Writes what clients have applied; whose inboxes were free to be written.

    The others are locked by somebody: they are skipped, as waiting is not worth it.
    """
    return transactions.in_transaction(lambda: _acknowledge(versions))


def _acknowledge(versions: Mapping[str, int]) -> set[str]:
    inbox = sql.table(Inbox)
    free = sql.fetch(
        f"SELECT user_id FROM {inbox} WHERE user_id IN {sql.keys_of()}"
        f" ORDER BY user_id {sql.for_update('NO KEY UPDATE SKIP LOCKED')}",
        [sql.json_array(sql.database_keys(versions))],
    )
    keys = {sql.public_key(key) for (key,) in free}
    triples = [(0, sql.database_key(user), versions[user]) for user in keys]
    sql.execute(
        f"UPDATE {inbox} SET acknowledged = c.since, acknowledged_at = %s"
        f" FROM {sql.cursors_of(len(triples))} c"
        f" WHERE {inbox}.user_id = c.user_id AND acknowledged < c.since AND c.since <= version",
        [sql.moment(database.now()), sql.json_array(triples)],
    )
    return keys


def renew_epochs(seen: Mapping[str, int]) -> int:
    """Starts a new life of those inboxes whose version is below what was seen of them before:
    the database has gone back. How many there were."""
    triples = [(0, sql.database_key(user), version) for user, version in seen.items()]
    inbox = sql.table(Inbox)
    return transactions.in_transaction(
        lambda: sql.execute(
            f"UPDATE {inbox} SET epoch = {sql.new_epoch()} WHERE user_id IN (SELECT c.user_id"
            f" FROM {sql.cursors_of(len(triples))} c WHERE c.user_id = {inbox}.user_id"
            f" AND {inbox}.version < c.since)",
            [sql.json_array(triples)],
        )
    )


def renew_all_epochs() -> int:
    """Starts a new life of every inbox: a step of every restore. How many there are."""
    return transactions.in_transaction(
        lambda: sql.execute(f"UPDATE {sql.table(Inbox)} SET epoch = {sql.new_epoch()}")
    )
