from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from notify import protocol, sql
from notify.inbox import (
    claiming,
    work,
)
from notify.models import Batch
from tests.unit.inbox.helpers import (
    abandoned,
    batch_of,
    deliver,
    fail_batches,
    people,
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


def test_a_group_fits_into_one_frame():
    assert claiming.MAX_NOTICES_TOGETHER <= protocol.MAX_FRAME_ROWS


def test_a_notice_of_several_batches_is_carried_out_batch_by_batch(announced, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    users = people(2)
    abandoned(users[0], "before")
    abandoned([users[0], users[0], users[1]], "several")
    abandoned(users[1], "after")
    abandoned(users[1], "once more")
    one, two, three, four, five = Batch.objects.order_by("pk").values_list("pk", flat=True)

    assert claiming.grouped([one, two, three, four, five]) == [[one], [two], [three], [four, five]]
    assert claiming.grouped([one]) == [[one]]
    assert claiming.grouped([one, 10**15]) == [[one]]


def test_only_batches_that_are_to_be_appended_now_are_grouped(ada):
    done = deliver(ada)
    waiting = [abandoned(ada) for _ in range(2)]
    scheduled = abandoned(ada, send_at=timezone.now() + timedelta(days=1))
    batches = [batch_of(notice).pk for notice in (done, *waiting, scheduled)]

    assert claiming.grouped(batches) == [batches[1:3]]
