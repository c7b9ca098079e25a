from __future__ import annotations

import pytest

from notify.inbox import reading
from notify.sql import database
from tests.unit.inbox.helpers import cursor_of, deliver, inbox_of, key

pytestmark = pytest.mark.django_db


@pytest.mark.sqlite
def test_on_sqlite_an_epoch_is_the_inboxs_own_part(ada):
    deliver(ada)
    assert cursor_of(ada).epoch == inbox_of(ada).epoch


@pytest.mark.postgres
def test_on_postgresql_an_epoch_includes_the_lineage(ada):
    deliver(ada)
    own, _, lineage = cursor_of(ada).epoch.partition(".")
    assert own == inbox_of(ada).epoch
    assert len(lineage) == 8
    assert lineage == database.facts().lineage


@pytest.mark.postgres
def test_another_lineage_voids_every_cursor(ada, monkeypatch):
    deliver(ada)
    old = cursor_of(ada)
    promoted = database.facts()._replace(lineage="promoted")
    monkeypatch.setattr(database, "facts", lambda: promoted)

    [found] = reading.changes([(key(ada), old)])

    assert found.reset
    assert found.epoch.endswith(".promoted")
