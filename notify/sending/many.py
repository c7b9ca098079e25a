"""Send many different notices together: a few statements for each thousand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from django.db import IntegrityError
from django.db.models import Q

from notify import conf, sql
from notify.changes import Change
from notify.exceptions import InvalidNotice, KeyConflict, NotifyError
from notify.inbox import appending
from notify.models import Notice
from notify.models.users import all_users
from notify.readers.defaults import asked_of
from notify.sending import after_commit, pictures, statements, writing
from notify.sending.audience import KEYS_PER_QUERY
from notify.sending.drafts import Draft, NewNotice, draft
from notify.sending.names import in_chunks
from notify.sending.statements import Written
from notify.sql import database, transactions, waits
from notify.sql.dialects import dialect
from notify.sql.keys import database_keys

KEYS_PER_LOOKUP = 500  # pairs of sender and key
ATTEMPTS = 3  # while others write notices with the same keys


@dataclass(slots=True)
class _Item:
    """One of the notices, on its way."""

    index: int
    draft: Draft
    is_narrow: bool  # whether the recipients are a few who are named by key
    earlier: Notice | None = None  # that has the same key
    batches: list[int] = field(default_factory=list)
    size: int = 0  # of the batches

    @property
    def notice(self) -> Notice:
        return self.earlier or self.draft.notice

    @property
    def recipients(self) -> list[Any]:
        """The keys of those who are named."""
        return sorted(self.draft.audience.keys - {self.draft.excluded})

    @property
    def written(self) -> Written:
        return Written(self.notice, self.batches, size=self.size, audience=self.draft.audience)

    def refuse(self, error: NotifyError) -> NotifyError:
        error.index = self.index
        return error


def send_many(notices: Iterable[NewNotice]) -> list[Notice]:
    """Sends different notices to different people, once this transaction commits.

    All of them are written, or none. They are appended to the inboxes in chunks, each of which is
    atomic: of up to 5,000 copies, or 25,000 of notices that follow one another and are for the
    same people. A person to whom a chunk has several notices gets them as one change. Waits for
    locks as `send` does.

    It takes a few statements for each thousand notices to named users that are sent now, and one
    more for each of the others.

    Args:
        notices: What to send: the arguments of `send` for each.

    Returns:
        The notices, in the same order; see `send` for `repeated`.

    Raises:
        NotifyError: As `send`. Its `index` says which notice is wrong, from 0.
        Busy: The notices cannot be stored within 2 s, because of locks.
    """
    with waits.limited():
        with writing.busy_if_locked():
            now = database.now()
        size = conf.current().batch_size
        picture_of = cache(pictures.picture_of)
        items = [_item(index, new, now, size, picture_of) for index, new in enumerate(notices)]
        if not items:
            return []
        change = None
        if sql.connection().get_autocommit() and _is_one_chunk(items):
            keyed = any(item.notice.key is not None for item in items)
            limit_s = writing.LOCKING_WITH_KEY_S if keyed else writing.LOCKING_S
            change = writing.at_once(lambda: _write(items, append=True), limit_s)
        if change is None:
            with waits.limited(at_least=writing.STORING_S), writing.busy_if_locked():
                change = _write(items, append=False)
        after_commit.finish_send_many([item.written for item in items], change)
    return [item.notice for item in items]


def _item(
    index: int, new: NewNotice, now: datetime, size: int, picture_of: Callable[[Any], str]
) -> _Item:
    try:
        found = draft(new, now, picture_of)
    except NotifyError as error:
        error.index = index
        raise
    return _Item(index, found, is_narrow=found.audience.is_at_most(size))


def _is_one_chunk(items: Sequence[_Item]) -> bool:
    return (
        all(item.is_narrow and statements.is_due(item.notice) for item in items)
        and sum(len(item.draft.audience.keys) for item in items) <= appending.MAX_COPIES
    )


def _write(items: Sequence[_Item], *, append: bool) -> Change:
    """Writes all in one transaction, and again if others have written the same keys meanwhile.

    Returns what changed in the inboxes: nothing, unless they are appended, too.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transactions.begin():
                return _write_once(items, append=append)
        except IntegrityError as error:
            if all(item.draft.notice.key is None for item in items):
                raise
            if attempt == ATTEMPTS:
                raise writing.cannot_be_stored() from error
    raise AssertionError("unreachable")


def _write_once(items: Sequence[_Item], *, append: bool) -> Change:
    _find_earlier(items)
    fresh = [item for item in items if item.earlier is None]
    _refuse_unknown(fresh)
    statements.insert_rows([item.draft.notice for item in fresh])
    if append:
        return _append(fresh)
    _write_batches(fresh)
    return Change([])


def _find_earlier(items: Sequence[_Item]) -> None:
    """Finds the notices whose keys have been used, by an earlier call or earlier in this one.

    Raises KeyConflict if one has other content.
    """
    for item in items:  # an attempt before this one was rolled back
        item.draft.notice.pk, item.draft.notice._state.adding = None, True
    keyed = [item for item in items if item.draft.notice.key is not None]
    known = {
        (notice.sender, notice.key): notice
        for notice in _stored(item.draft.notice for item in keyed)
    }
    for item in keyed:
        notice = item.draft.notice
        same = known.setdefault((notice.sender, notice.key), notice)
        if same.fingerprint != notice.fingerprint:
            raise item.refuse(_conflict(notice, same))
        item.earlier = None if same is notice else same
        item.batches = []


def _conflict(notice: Notice, same: Notice) -> NotifyError:
    if same._state.adding:  # it is one of this call
        text = f"{notice.key!r} is used twice in this call. Use a different key for each notice."
        return InvalidNotice("key", text)
    return KeyConflict(str(notice.key), same.pk)


def _stored(notices: Iterable[Notice]) -> Iterator[Notice]:
    for chunk in in_chunks(iter(notices), KEYS_PER_LOOKUP):
        same = Q()
        for sender in {notice.sender for notice in chunk}:
            keys = [notice.key for notice in chunk if notice.sender == sender]
            same |= Q(sender=sender, key__in=keys)
        for notice in Notice.objects.filter(same):
            notice.repeated = True
            yield notice


def _refuse_unknown(items: Collection[_Item]) -> None:
    wanted = {key for item in items for key in item.draft.audience.keys}
    found: set[Any] = set()
    for chunk in in_chunks(iter(wanted), KEYS_PER_QUERY):
        found.update(all_users().filter(pk__in=chunk).values_list("pk", flat=True))
    for item in items:
        try:
            if not item.draft.audience.keys <= found:
                item.draft.audience.refuse_unknown()  # it knows of collations
            if item.is_narrow and not item.recipients:
                raise statements.nobody_is_left()
        except NotifyError as error:
            raise item.refuse(error) from None


def _append(items: Sequence[_Item]) -> Change:
    if not items:
        return Change([])
    notices = [item.notice for item in items]
    asked = {notice.pk: asked_of(notice) for notice in notices}
    arrived, copies = appending.append_pairs(dialect().pairs_in_array(), [_pairs(items)], asked)
    statements.insert_ripening(notices)
    return appending.change_of(arrived, copies, notices)


def _pairs(items: Iterable[_Item]) -> str:
    pairs = [(item.draft.notice.pk, key) for item in items for key in item.recipients]
    keys = database_keys(key for _, key in pairs)
    return sql.json_array((notice, key) for (notice, _), key in zip(pairs, keys, strict=True))


def _write_batches(items: Iterable[_Item]) -> None:
    by_notice: dict[int, _Item] = {}
    for item in items:
        if item.is_narrow and statements.is_due(item.notice):
            by_notice[item.notice.pk] = item
            continue
        selection = item.draft.audience.selection(item.draft.excluded)
        batches = statements.insert_batches(item.draft, selection, item.notice.pk)
        if not batches:
            raise item.refuse(statements.nobody_is_left())
        item.batches = [pk for pk, _ in batches]
        item.size = sum(size for _, size in batches)
    for urgent in (False, True):
        some = [item for item in by_notice.values() if statements.is_urgent(item.notice) is urgent]
        for chunk in in_chunks(iter(some), statements.ROWS_PER_STATEMENT):
            for batch, notice in statements.insert_single_batches(_pairs(chunk), urgent=urgent):
                by_notice[notice].batches = [batch]
                by_notice[notice].size = len(by_notice[notice].recipients)
