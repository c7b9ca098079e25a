from __future__ import annotations

import time
from contextlib import nullcontext

import pytest
from django.db import DatabaseError, OperationalError, transaction

from notify import sql
from notify.exceptions import Busy
from notify.sql import transactions


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
def test_a_deadlock_or_lock_timeout_is_retried(transactional_db, state):
    def error():
        found = OperationalError()
        found.__cause__ = Refused(state)
        return found

    work = Work(2, error)
    assert transactions.in_transaction(work) == "done"
    assert work.calls == 3


def test_a_locked_sqlite_is_retried(transactional_db):
    work = Work(1, lambda: OperationalError("database is locked"))
    assert transactions.in_transaction(work) == "done"


def test_it_waits_a_random_and_longer_time_before_each_retry(transactional_db, naps):
    transactions.in_transaction(Work(4))
    assert len(naps) == 4
    assert all(0 <= nap <= 0.02 * 2**n for n, nap in enumerate(naps, 1))


def test_it_raises_busy_when_locks_cannot_be_had(transactional_db):
    work = Work(99)
    with pytest.raises(Busy, match="try again"):
        transactions.in_transaction(work)
    assert work.calls == transactions.ATTEMPTS


def test_other_errors_are_raised_at_once(transactional_db):
    work = Work(1, lambda: OperationalError("the server is gone"))
    with pytest.raises(OperationalError, match="gone"):
        transactions.in_transaction(work)
    assert work.calls == 1
    with pytest.raises(DatabaseError):
        transactions.in_transaction(Work(1, DatabaseError))


def test_in_a_transaction_of_the_caller_only_the_caller_can_retry(transactional_db):
    work = Work(1)
    with transaction.atomic(), pytest.raises(Busy):
        transactions.in_transaction(work)
    assert work.calls == 1


def test_a_failed_attempt_is_rolled_back(transactional_db, make_user):
    ada = make_user("ada")
    attempts = []

    def work():
        attempts.append(1)
        type(ada).objects.filter(pk=ada.pk).update(first_name=f"{len(attempts)}")
        ada.refresh_from_db()
        assert ada.first_name == f"{len(attempts)}"
        raise locked()

    with pytest.raises(Busy):
        transactions.in_transaction(work)
    ada.refresh_from_db()
    assert ada.first_name == ""


def lock_timeout():
    """In ms."""
    [(timeout,)] = sql.fetch("SELECT setting::int FROM pg_settings WHERE name = 'lock_timeout'")
    return timeout


@pytest.mark.postgres
def test_a_transaction_of_ours_waits_two_seconds_for_a_lock(transactional_db):
    before = lock_timeout()
    assert 1500 < transactions.in_transaction(lock_timeout) <= 2000
    assert lock_timeout() == before


@pytest.mark.postgres
@pytest.mark.parametrize("fails", [False, True])
def test_the_lock_timeout_of_the_callers_transaction_is_restored(transactional_db, fails):
    def work():
        assert 1500 < lock_timeout() <= 2000
        if fails:
            raise locked()

    with transaction.atomic():
        sql.execute("SET LOCAL lock_timeout = '7s'")
        with pytest.raises(Busy) if fails else nullcontext():
            transactions.in_transaction(work)
        assert lock_timeout() == 7000


@pytest.mark.postgres
def test_a_shorter_limit_of_the_caller_stays_in_force(transactional_db):
    with transaction.atomic():
        sql.execute("SET LOCAL lock_timeout = '300ms'")
        assert transactions.in_transaction(lock_timeout) == 300
        assert lock_timeout() == 300
