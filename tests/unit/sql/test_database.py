from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import InternalError, connection, transaction

import notify
from notify import sql
from notify.checks.database import check_database
from notify.models import Deployment, Notice
from notify.sql import database
from tests.harness.waiting import deadline
from tests.unit.inbox.helpers import cursor_of, deliver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _read_anew() -> Iterator[None]:
    database.forget()
    yield
    database.forget()


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@contextmanager
def as_role(role: str) -> Iterator[None]:
    """Runs the block as a role that is no superuser, and may read and write our tables."""
    run(f"CREATE ROLE {role}")
    run(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
    run(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}")
    run(f"SET LOCAL ROLE {role}")
    try:
        yield
    finally:
        run("RESET ROLE")


def test_facts_are_read_once_and_again_after_some_seconds(monkeypatch, django_assert_num_queries):
    clock = [1000.0]
    monkeypatch.setattr("notify.sql.database.time.monotonic", lambda: clock[0])
    first = database.facts()
    with django_assert_num_queries(0):
        assert database.facts() is first
    clock[0] += database.FACTS_LIFETIME_S + 1
    assert database.facts() is not first


@pytest.mark.postgres
def test_an_ordinary_role_may_read_the_facts(ada):
    deliver(ada)
    lineage = database.facts().lineage
    database.forget()
    with as_role("ordinary"):
        assert cursor_of(ada).since == 1
        assert database.facts().lineage == lineage


@pytest.mark.postgres
@pytest.mark.parametrize(
    "function",
    ["pg_control_system()", "pg_current_wal_insert_lsn()", "pg_postmaster_start_time()"],
)
def test_all_works_without_a_function_that_is_refused(ada, caplog, function):
    run(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
    with as_role("hardened"), caplog.at_level(logging.WARNING):
        notify.send(to=ada, title="As ever")
        facts = database.facts()
        database._known.clear()
        assert database.facts().lineage == facts.lineage
    assert len(facts.deployment) == 16
    assert Notice.objects.get().title == "As ever"
    assert bool(facts.lineage) == (function == "pg_postmaster_start_time()")
    assert [record.message.count("notify_restored") for record in caplog.records] == [1]


@pytest.mark.postgres
def test_the_checks_name_what_is_refused():
    assert check_database(databases=["default"]) == []
    run("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    with as_role("hardened"):
        [warning] = check_database(databases=["default"])
    assert warning.id == "notify.W011"
    assert "read lineage:" in warning.msg
    assert "pg_control_system()" in warning.hint


@pytest.mark.postgres
def test_an_outage_is_not_taken_for_a_refusal(monkeypatch):
    monkeypatch.setitem(database._OPTIONAL, "lineage", "pg_sleep(5)::text")
    run("SET LOCAL statement_timeout = '50ms'")
    with pytest.raises(Exception, match="statement timeout"), transaction.atomic():
        database.facts()
    assert not any(database._refused.values())


@pytest.mark.postgres
def test_an_internal_error_of_the_database_is_not_taken_for_a_refusal(monkeypatch):
    class Internal(Exception):
        sqlstate = "XX000"

    def fail(*_):
        raise InternalError from Internal()

    database.forget()
    monkeypatch.setattr(database, "_query", fail)
    with pytest.raises(InternalError):
        database.facts()
    assert not any(database._refused.values())


@pytest.mark.postgres
def test_a_slow_answer_does_not_put_the_clock_off(monkeypatch):
    query = database._query

    def slowly(*args):
        time.sleep(0.4)
        answer = query(*args)
        time.sleep(0.4)
        return answer

    database.forget()
    monkeypatch.setattr(database, "_query", slowly)
    database.facts()
    [(now,)] = sql.fetch("SELECT clock_timestamp()")
    assert abs((database.now() - now).total_seconds()) < deadline(0.2)


def test_the_deployment_is_the_same_for_every_connection_and_key(settings):
    identity = database.facts().deployment
    database.forget()
    settings.SECRET_KEY = "another"
    assert database.facts().deployment == identity
    assert database.deployment() == identity


def test_a_restored_copy_is_another_deployment():
    before = database.facts().deployment
    call_command("notify_restored", stdout=StringIO())
    assert database.facts().deployment != before
    assert Deployment.objects.count() == 1


def test_a_setting_overrides_the_deployment(settings):
    of_the_database = database.facts().deployment
    settings.NOTIFY_DEPLOYMENT = "staging"
    database.forget()
    named = database.facts().deployment
    assert named != of_the_database
    assert database.deployment() == named


@pytest.mark.postgres
def test_the_time_is_that_of_the_databases_clock(monkeypatch):
    """Whatever the clock of this process says."""

    class Wrong(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(1999, 1, 1, tzinfo=UTC)

    monkeypatch.setattr("notify.sql.database.datetime", Wrong)
    monkeypatch.setattr("django.utils.timezone.now", lambda: datetime(1999, 1, 1, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [now] = cursor.fetchone()
    assert abs(database.now() - now) < timedelta(seconds=5)
