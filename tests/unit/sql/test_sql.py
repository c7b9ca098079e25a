from __future__ import annotations

import pytest
from django.db import DatabaseError, OperationalError, transaction

from notify import sql


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
