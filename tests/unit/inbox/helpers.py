"""Helpers for tests of the inbox: people, notices that have arrived, and recounted rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.test import TestCase

from notify import sending, signals
from notify.changes import Change, Cursor, Reading, Row
from notify.inbox import marking, reading
from notify.models import Batch, Inbox, Notice, Notification, Place


def people(count: int, prefix: str = "user") -> list[User]:
    """Users by the order of their keys; no signal is sent, so their inboxes are empty."""
    made = User.objects.bulk_create(User(username=f"{prefix}-{n}") for n in range(count))
    return sorted(made, key=lambda user: user.pk)


def committed() -> AbstractContextManager[Any]:
    """Runs the commit hooks at the end of the block, because tests with `db` never commit."""
    return TestCase.captureOnCommitCallbacks(execute=True)


@contextmanager
def sent_notices() -> Iterator[list[Notice]]:
    """The notices for which `notice_sent` was sent in the block."""
    sent: list[Notice] = []

    def note(notice: Notice, **_: Any) -> None:
        sent.append(notice)

    signals.notice_sent.connect(note)
    try:
        yield sent
    finally:
        signals.notice_sent.disconnect(note)


def deliver(to: Any, title: str = "Hello", **fields: Any) -> Notice:
    """A notice that has arrived."""
    with committed():
        return sending.send(to=to, title=title, **fields)


def deliver_many(to: Any, count: int) -> list[Notice]:
    return [deliver(to, f"Notice {n}") for n in range(count)]


def abandoned(to: Any, title: str = "Hello", **fields: Any) -> Notice:
    """A notice whose process died between its commit and its batches."""
    with transaction.atomic():
        return sending.send(to=to, title=title, **fields)


def age_batches(seconds: float, **which: Any) -> None:
    """Makes these batches due so many seconds earlier."""
    Batch.objects.filter(**which).update(due=F("due") - timedelta(seconds=seconds))


def fail_batches(notice: Notice, **fields: Any) -> None:
    """Makes the batches of a notice look as if they had failed three times."""
    Batch.objects.filter(notice=notice).update(
        attempts=3, due=Now() + timedelta(seconds=20), **fields
    )


def mark(user: User, as_: str, *notices: Notice) -> tuple[int, Any]:
    with transaction.atomic():
        return marking.mark_ids(key(user), as_, ids(notices))


def ids(notices: Iterable[Notice]) -> list[int]:
    return [notice.pk for notice in notices]


def key(user: User) -> str:
    return str(user.pk)


def inbox_of(user: User) -> Inbox:
    return Inbox.objects.get(pk=user.pk)


def counts(user: User) -> tuple[int, int]:
    """Unseen and unread, as the inbox says."""
    inbox = inbox_of(user)
    return inbox.unseen, inbox.unread


def recounted(user: User) -> tuple[int, int]:
    """Unseen and unread, as the rows say."""
    live = Notification.objects.filter(user=user, place=Place.INBOX)
    return live.filter(seen=None).count(), live.filter(read=None).count()


def copy_of(user: User, notice: Notice) -> Notification:
    return Notification.objects.get(user=user, notice=notice)


def batch_of(notice: Notice) -> Batch:
    """Its only batch, or that of its recall."""
    batch = Batch.objects.filter(notice=notice).latest("pk")
    assert Batch.objects.filter(notice=notice, size__gt=0).count() <= 1
    return batch


def states(notice: Notice) -> list[str]:
    """The states of a notice's batches, in their order."""
    return list(Batch.objects.filter(notice=notice).order_by("pk").values_list("state", flat=True))


def something_is_due() -> bool:
    """Whether a worker would find a batch now."""
    due = Batch.objects.filter(due__lte=Now())
    return due.filter(state__in=[Batch.State.PENDING, Batch.State.RECALLING]).exists()


def cursor_of(user: User) -> Cursor:
    """A cursor that is up to date."""
    head = reading.heads([key(user)])[key(user)]
    return Cursor(head.epoch, head.version)


def changes_since(user: User, cursor: Cursor | None) -> Reading:
    [found] = reading.changes([(key(user), cursor)])
    assert found is not None
    return found


def titles(rows: Iterable[Row]) -> list[str]:
    return [row["title"] for row in rows]


class Announced:
    """Replaces `publisher.publish`, and records what would have gone to the sockets."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.work = 0

    def take(self, change: Change) -> None:
        self.changes.append(change)

    def take_work(self) -> None:
        self.work += 1

    @property
    def last(self) -> Change:
        return self.changes[-1]
