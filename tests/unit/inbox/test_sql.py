from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

from notify.inbox import database, sql


def test_time_is_told_in_whole_milliseconds(db):
    assert database.now().microsecond % 1000 == 0
    with connection.cursor() as cursor:
        moment = datetime(2024, 2, 29, 23, 59, 59, 7000, tzinfo=UTC)
        cursor.execute("SELECT " + sql.rfc3339(column()), [sql.moment(moment)])
        assert cursor.fetchone() == ("2024-02-29T23:59:59.007Z",)


def column():
    return "%s::timestamptz" if connection.vendor == "postgresql" else "%s"
