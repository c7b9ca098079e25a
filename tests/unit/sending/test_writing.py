"""`send` outside a transaction: it writes and appends in a single transaction."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.sql import Query
from django.test.utils import CaptureQueriesContext

from notify import sending, signals
from notify.bus.publisher import publisher
from notify.exceptions import EmptyAudience, KeyConflict, UnknownUsers
from notify.inbox import appending, progress
from notify.models import Batch, Notice, Notification
from notify.sending import audience
from tests.unit.inbox.helpers import Announced, batch_of, counts, people, sent_notices

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def announced(monkeypatch):
    announced = Announced()

    def publish(change):
        assert not connection.in_atomic_block
        announced.take(change)

    monkeypatch.setattr(publisher, "publish", publish)
    monkeypatch.setattr(publisher, "publish_work", announced.take_work)
    return announced


@pytest.mark.parametrize("recipients", [1, 3])
def test_it_is_in_every_inbox_when_it_is_committed(announced, recipients):
    users = people(recipients)
    with CaptureQueriesContext(connection) as queries:
        notice = sending.send(to=users, title="Hello")
    assert sum(query["sql"].startswith("BEGIN") for query in queries) <= 1
    assert len(queries) == 1 or connection.vendor == "sqlite"
    assert [counts(user) for user in users] == [(1, 1)] * recipients
    assert not Batch.objects.exists()
    assert notice.status == "sent"
    found = progress.progress(notice.pk)
    assert (found["recipients"], found["appended"], found["batches"]) == (recipients, recipients, 0)
    assert len(announced.last.steps) == recipients


def test_a_recipient_takes_four_statements(settings):
    """On PostgreSQL it is a single one: tests/unit/inbox/test_one_statement.py."""
    settings.NOTIFY_ONE_STATEMENT = False
    [ada] = people(1)
    sending.send(to=ada, title="makes the inbox")
    with CaptureQueriesContext(connection) as queries:
        sending.send(to=ada, title="finds it")
    executed = [query["sql"] for query in queries]
    aside = ("BEGIN", "COMMIT", "SELECT current_setting('lock_timeout')")
    statements = [sql for sql in executed if not sql.startswith(aside)]
    assert len(statements) == 4, statements
    assert counts(ada) == (2, 2)


def test_several_batches_are_left_to_the_workers(announced, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    notice = sending.send(to=people(3), title="Hello")
    assert Batch.objects.filter(notice=notice, state=Batch.State.PENDING).count() == 2
    assert (announced.changes, announced.work) == ([], 1)


def test_an_unknown_user_is_refused_and_nothing_is_written(announced):
    [ada] = people(1)
    with pytest.raises(UnknownUsers, match=r"\b0\b"):
        sending.send(to=0, title="Hello")
    with pytest.raises(UnknownUsers, match=r"\b0\b"):
        sending.send(to=[ada, 0], title="Hello")
    assert not Notice.objects.exists()
    assert not Notification.objects.exists()
    assert announced.changes == []


class Lazily(Query):
    """Like a package for soft deletion, which adds its filter when the query is compiled."""

    filtered = False

    def get_compiler(self, *args, **kwargs):
        if not self.filtered:
            self.filtered = True
            self.add_q(Q(is_active=True))
        return super().get_compiler(*args, **kwargs)


@pytest.mark.parametrize(
    "visible",
    [lambda: User.objects.filter(is_active=True), lambda: QuerySet(User, query=Lazily(User))],
    ids=["at once", "lazily"],
)
def test_a_user_whom_the_projects_manager_hides_is_unknown(monkeypatch, visible):
    [ada] = people(1)
    sending.send(to=ada, title="before")
    User.objects.update(is_active=False)
    monkeypatch.setattr(audience, "all_users", visible)
    with pytest.raises(UnknownUsers):
        sending.send(to=ada, title="after")
    assert Notice.objects.count() == 1


def test_an_empty_audience_is_refused_and_nothing_is_written():
    [ada] = people(1)
    with pytest.raises(EmptyAudience):
        sending.send(to=ada, actor=ada, title="Hello")
    assert not Notice.objects.exists()


def test_where_the_inboxes_cannot_be_had_it_is_stored_first(announced, monkeypatch, settings):
    settings.NOTIFY_ONE_STATEMENT = False
    [ada] = people(1)
    append, failures = appending.append, [IntegrityError("a user was deleted")]

    def fail_once(*args, **how):
        if failures:
            assert Notice.objects.exists()
            raise failures.pop()
        return append(*args, **how)

    monkeypatch.setattr(appending, "append", fail_once)
    with sent_notices() as received:
        notice = sending.send(to=ada, title="Hello")
    assert list(Notice.objects.all()) == [notice] == received
    assert batch_of(notice).state == Batch.State.DONE
    assert counts(ada) == (1, 1)
    assert len(announced.changes) == 1


def test_a_commit_that_is_refused_writes_nothing(announced, monkeypatch, settings):
    """As when a user is deleted meanwhile: the commit checks foreign keys."""
    settings.NOTIFY_ONE_STATEMENT = False
    [ada] = people(1)
    append = appending.append
    refused: list[object] = []

    def append_and_delete_once(*args, **how):
        records = append(*args, **how)
        if not refused:
            refused.append(records)
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM auth_user WHERE id = %s", [ada.pk])
        return records

    monkeypatch.setattr(appending, "append", append_and_delete_once)
    notice = sending.send(to=ada, title="Hello")
    assert refused
    assert list(Notice.objects.all()) == [notice]
    assert counts(ada) == (1, 1)
    assert len(announced.changes) == 1


def test_a_notice_sent_by_a_receiver_is_announced_second(announced):
    [ada] = people(1)

    def answer(notice, **_):
        if notice.title == "first":
            sending.send(to=ada, title="second")

    signals.notice_sent.connect(answer)
    try:
        sending.send(to=ada, title="first")
    finally:
        signals.notice_sent.disconnect(answer)
    assert [step.to for change in announced.changes for step in change.steps] == [1, 2]


def test_with_a_key_both_halves_share_a_transaction_too(announced):
    [ada] = people(1)
    with CaptureQueriesContext(connection) as queries:
        first = sending.send(to=ada, title="Hello", key="k")
    begun = [query["sql"].startswith("BEGIN") for query in queries]
    assert begun.count(True) <= 1
    second = sending.send(to=ada, title="Hello", key="k")
    assert (first.pk, first.repeated) == (second.pk, False)
    assert second.repeated
    with pytest.raises(KeyConflict):
        sending.send(to=ada, title="Another", key="k")
    assert counts(ada) == (1, 1)
    assert len(announced.changes) == 1


def test_without_autocommit_it_is_appended_after_the_callers_commit(announced):
    [ada] = people(1)
    transaction.set_autocommit(False)
    try:
        sending.send(to=ada, title="Hello")
        assert announced.changes == []
        transaction.commit()
    finally:
        transaction.set_autocommit(True)
    assert counts(ada) == (1, 1)
