from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections

from notify import sql
from notify.inbox import (
    claiming,
    work,
)
from notify.sql import database
from tests.unit.inbox.helpers import (
    abandoned,
    batch_of,
    fail_batches,
)

pytestmark = pytest.mark.django_db


def test_a_failed_batch_stays_postponed_when_its_process_releases_it(ada):
    mine, bad = abandoned([ada]), abandoned([ada])
    fail_batches(bad)
    claiming.release([batch_of(mine).pk, batch_of(bad).pk])
    done = work.carry_out_next()
    assert done is not None
    assert done.notice_id == mine.pk
    assert work.carry_out_next() is None


@pytest.mark.parametrize("ask", ["open_batches", "release"])
def test_it_is_found_at_once_though_the_clock_is_ahead_of_the_databases(ada, monkeypatch, ask):
    real = database.now
    monkeypatch.setattr(database, "now", lambda: real() + timedelta(milliseconds=500))
    batch = batch_of(abandoned([ada]))
    if ask == "open_batches":
        assert claiming.open_batches(batch.notice_id) == [batch.pk]
    else:
        claiming.release([batch.pk])
        assert work.carry_out_next() is not None


class Unusable:
    """A database without inboxes, which must not be used."""

    def __getattr__(self, name):
        raise AssertionError(f"The other database was asked for its {name}.")


def test_open_batches_are_read_in_the_sql_of_their_database(ada, monkeypatch):
    notice = abandoned([ada])
    monkeypatch.setattr(sql, "alias", lambda: "inboxes")
    connections["inboxes"] = own = connections["default"]
    connections["default"] = Unusable()  # type: ignore[assignment]
    try:
        found = claiming.open_batches(notice.pk)
    finally:
        connections["default"] = own
        del connections["inboxes"]
    assert found == [batch_of(notice).pk]
