from __future__ import annotations

import pytest
from django.utils import timezone

from notify.inbox import reading
from tests.unit.inbox.helpers import (
    deliver,
    key,
    people,
)

pytestmark = pytest.mark.django_db


def test_times_are_utc_with_milliseconds(ada, settings):
    settings.TIME_ZONE = "Asia/Kathmandu"
    expires = timezone.now().replace(year=2099, month=1, day=2, hour=3, minute=4, second=5)
    deliver(ada, expires=expires.replace(microsecond=678_999))

    [row] = reading.page(key(ada)).rows

    assert row["expires"] == "2099-01-02T03:04:05.678Z"


def test_an_actor_who_is_gone_leaves_no_name(ada):
    actor = people(1, "actor")[0]
    deliver(ada, actor=actor)
    actor.delete()
    [row] = reading.page(key(ada)).rows
    assert row["actor"] is None


def test_the_sql_is_not_confused_by_what_is_said(ada):
    said = "%s %(now)s '; \" -- \\ {} $1 ?"
    deliver(ada, said, body=said, category=said, data={said: said})
    [row] = reading.page(key(ada), category=said, q=said).rows
    assert (row["title"], row["body"], row["data"]) == (said, said, {said: said})
