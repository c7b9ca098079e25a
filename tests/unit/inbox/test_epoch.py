from __future__ import annotations

from itertools import count

import pytest
from django.db import connection

from notify.inbox import epoch, reading
from tests.unit.inbox.helpers import cursor_of, deliver, inbox_of, key

pytestmark = pytest.mark.django_db


@pytest.mark.sqlite
def test_on_sqlite_an_epoch_is_the_inboxs_own_part(ada):
    deliver(ada)
    assert cursor_of(ada).epoch == inbox_of(ada).epoch


@pytest.mark.postgres
def test_on_postgresql_it_names_cluster_and_timeline_too(ada):
    deliver(ada)
    own, _, lineage = cursor_of(ada).epoch.partition(".")
    assert own == inbox_of(ada).epoch
    assert len(lineage) == 8
    assert lineage == epoch.current_lineage()


@pytest.mark.postgres
def test_another_lineage_voids_every_cursor(ada, monkeypatch):
    deliver(ada)
    old = cursor_of(ada)
    monkeypatch.setattr(epoch, "_read", lambda: "promoted")
    epoch._lineages.clear()

    [told] = reading.changes([(key(ada), old)])

    assert told.reset
    assert told.epoch.endswith(".promoted")
    epoch._lineages.clear()


@pytest.mark.postgres
def test_the_lineage_is_asked_for_again_after_some_seconds(monkeypatch):
    asked = count(1)
    monkeypatch.setattr(epoch, "_read", lambda: str(next(asked)))
    clock = [1000.0]
    monkeypatch.setattr("notify.inbox.epoch.time.monotonic", lambda: clock[0])
    epoch._lineages.clear()

    first = [epoch.current_lineage(), epoch.current_lineage()]
    clock[0] += epoch.LINEAGE_LIFETIME_S + 1
    assert [*first, epoch.current_lineage()] == ["1", "1", "2"]
    epoch._lineages.clear()


@pytest.mark.postgres
def test_a_role_without_any_privilege_of_a_superuser_may_read_it(ada):
    deliver(ada)
    epoch._lineages.clear()
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE ordinary")
        cursor.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO ordinary")
        cursor.execute("SET LOCAL ROLE ordinary")
        try:
            assert cursor_of(ada).since == 1
        finally:
            cursor.execute("RESET ROLE")
