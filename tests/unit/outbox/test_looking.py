from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notify.models import OutboxItem, Preference
from notify.outbox import looking
from notify.readers.deciding import Rule
from notify.sql import database
from tests.unit.inbox.helpers import mark
from tests.unit.outbox.out import due, kind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


def look(user):
    items = OutboxItem.objects.order_by("pk")
    return looking.look(items, str(user.pk), "kept", database.now())


def test_each_item_is_judged_by_itself(ada):
    first, second = due(ada, "1"), due(ada, "2", key="t.must")
    mark(ada, "read", first)
    Preference.objects.create(user=ada, scope="all", channel="kept", value=False)
    read, must = look(ada)
    assert (read.item.notice, read.why, read.decision.rule) == (first, "read", Rule.OWN_ALL)
    assert (must.item.notice, must.why, must.decision.rule) == (second, None, Rule.REQUIRED)
    assert must.copy.notice_id == second.pk
    assert must.channel is kind("t.must").category.channels[0]


def test_seen_matters_where_the_kind_says_so(ada):
    news, seen = due(ada), due(ada, key="t.seen")
    mark(ada, "seen", news, seen)
    assert [one.why for one in look(ada)] == [None, "seen"]


def test_the_statements_are_as_many_for_many(ada):
    due(ada)
    with CaptureQueriesContext(connection) as one:
        look(ada)
    for n in range(5):
        due(ada, str(n))
    with CaptureQueriesContext(connection) as several:
        look(ada)
    assert len(one) == len(several)


def test_nothing_costs_nothing_more(ada):
    with CaptureQueriesContext(connection) as queries:
        assert look(ada) == []
    assert len(queries) <= 2  # and the time


def test_the_rest_is_what_is_not_gone(ada):
    due(ada)
    due(ada)
    both = look(ada)
    assert looking.without(both, both[:1]) == both[1:]
    assert looking.pks(both) == [one.item.pk for one in both]
