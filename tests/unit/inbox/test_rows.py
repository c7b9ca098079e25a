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


def test_a_deleted_actor_leaves_no_name(ada):
    actor = people(1, "actor")[0]
    deliver(ada, actor=actor)
    actor.delete()
    [row] = reading.page(key(ada)).rows
    assert row["actor"] is None


def test_texts_cannot_break_the_sql(ada):
    text = "%s %(now)s '; \" -- \\ {} $1 ?"
    deliver(ada, text, body=text, category=text, data={text: text})
    [row] = reading.page(key(ada), category=text, q=text).rows
    assert (row["title"], row["body"], row["data"]) == (text, text, {text: text})
