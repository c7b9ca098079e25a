from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from notify.exceptions import Busy
from notify.inbox import database, sql


class Refused(Exception):
    """A driver's error, with its SQLSTATE."""

    def __init__(self, sqlstate):
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def locked():
    error = OperationalError("canceling statement due to lock timeout")
    error.__cause__ = Refused("55P03")
    return error


class Work:
    """Fails so often, and then returns `done`."""

    def __init__(self, failures, error=locked):
        self.failures = failures
        self.error = error
        self.calls = 0

    def __call__(self):
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error()
        return "done"


@pytest.fixture(autouse=True)
def naps(monkeypatch):
    naps: list[float] = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
def test_a_deadlock_or_lock_timeout_is_tried_again(transactional_db, state):
    def error():
        found = OperationalError()
        found.__cause__ = Refused(state)
        return found

    work = Work(2, error)
    assert sql.in_transaction(work) == "done"
    assert work.calls == 3


def test_a_locked_sqlite_is_tried_again(transactional_db):
    work = Work(1, lambda: OperationalError("database is locked"))
    assert sql.in_transaction(work) == "done"


def test_it_waits_a_random_and_longer_time_before_each(transactional_db, naps):
    sql.in_transaction(Work(4))
    assert len(naps) == 4
    assert all(0 <= nap <= 0.02 * 2**n for n, nap in enumerate(naps, 1))


def test_locks_that_cannot_be_had_are_busy(transactional_db):
    work = Work(99)
    with pytest.raises(Busy, match="try again"):
        sql.in_transaction(work)
    assert work.calls == sql.ATTEMPTS


def test_other_errors_are_raised_at_once(transactional_db):
    work = Work(1, lambda: OperationalError("the server is gone"))
    with pytest.raises(OperationalError, match="gone"):
        sql.in_transaction(work)
    assert work.calls == 1
    with pytest.raises(DatabaseError):
        sql.in_transaction(Work(1, DatabaseError))


def test_within_a_transaction_of_the_caller_only_the_caller_can_try_again(transactional_db):
    work = Work(1)
    with transaction.atomic(), pytest.raises(Busy):
        sql.in_transaction(work)
    assert work.calls == 1


def test_what_a_failed_attempt_wrote_is_gone(transactional_db, make_user):
    ada = make_user("ada")
    attempts = []

    def work():
        attempts.append(1)
        type(ada).objects.filter(pk=ada.pk).update(first_name=f"{len(attempts)}")
        ada.refresh_from_db()
        assert ada.first_name == f"{len(attempts)}"
        raise locked()

    with pytest.raises(Busy):
        sql.in_transaction(work)
    ada.refresh_from_db()
    assert ada.first_name == ""


@pytest.mark.postgres
def test_a_transaction_of_ours_waits_two_seconds_for_a_lock_and_one_of_the_callers_as_it_says(
    transactional_db,
):
    def lock_timeout():
        [(timeout,)] = sql.fetch("SHOW lock_timeout")
        return timeout

    before = lock_timeout()
    assert sql.in_transaction(lock_timeout) == "2s"
    assert lock_timeout() == before
    with transaction.atomic():
        assert sql.in_transaction(lock_timeout) == before


def test_time_is_told_in_whole_milliseconds(db):
    assert database.now().microsecond % 1000 == 0
    with connection.cursor() as cursor:
        moment = datetime(2024, 2, 29, 23, 59, 59, 7000, tzinfo=UTC)
        cursor.execute("SELECT " + sql.rfc3339(column()), [sql.moment(moment)])
        assert cursor.fetchone() == ("2024-02-29T23:59:59.007Z",)


def column():
    return "%s::timestamptz" if connection.vendor == "postgresql" else "%s"


@pytest.mark.postgres
def test_a_statement_ends_in_time_and_the_connection_keeps_no_limit(transactional_db):
    with (
        pytest.raises(OperationalError, match="statement timeout"),
        sql.statements_end_within(0.05),
    ):
        sql.execute("SELECT pg_sleep(10)")
    assert sql.fetch("SHOW statement_timeout") == [("0",)]
    with sql.statements_end_within(0.05):
        assert sql.fetch("SHOW statement_timeout") == [("50ms",)]
    assert sql.fetch("SHOW statement_timeout") == [("0",)]


@pytest.mark.postgres
def test_the_callers_transaction_keeps_its_own_limit(transactional_db):
    with transaction.atomic():
        sql.execute("SET LOCAL statement_timeout = '7s'")
        with sql.statements_end_within(0.05):
            assert sql.fetch("SHOW statement_timeout") == [("50ms",)]
        assert sql.fetch("SHOW statement_timeout") == [("7s",)]
        with pytest.raises(OperationalError), sql.statements_end_within(0.05):
            sql.execute("SELECT pg_sleep(10)")
        assert sql.fetch("SHOW statement_timeout") == [("7s",)]


def test_a_database_that_lacks_a_table_is_not_away(transactional_db):
    with pytest.raises(DatabaseError) as caught:
        sql.execute("SELECT 1 FROM no_such_table")
    assert not sql.is_away(caught.value)
    assert sql.is_away(locked())
