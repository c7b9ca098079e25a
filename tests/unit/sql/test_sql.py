from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from notify import sql
from notify.sql import database


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
    assert sql.is_away(OperationalError("canceling statement due to lock timeout"))
