from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

import notify
from notify import sending, sql
from notify.inbox import control, work
from notify.kinds import registry
from notify.models import Batch, Mute, OutboxItem, Preference
from notify.outbox import ripening
from notify.sql import database
from tests.unit.inbox.helpers import committed, mark, people
from tests.unit.outbox.out import NOW, Kept, kind, ripen, sent, states, work_off

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


def names(notice):
    found = OutboxItem.objects.filter(notice=notice).order_by("user")
    return list(found.values_list("user__username", flat=True))


@pytest.mark.parametrize("one_statement", [True, False])
@pytest.mark.parametrize("size", [2, 100])
@pytest.mark.parametrize("later", [True, False])
def test_each_append_leaves_a_batch_that_ripens(settings, one_statement, size, later):
    settings.NOTIFY_ONE_STATEMENT = one_statement
    settings.NOTIFY_BATCH_SIZE = size
    send_at = database.now() + timedelta(hours=1) if later else None
    with committed():
        notice = notify.send(kind("t.news")(), to=people(5), send_at=send_at)
    if later:
        Batch.objects.update(due=database.now() - timedelta(seconds=1))
    while work.carry_out_next() is not None:
        pass
    batches = notice.batch_set.order_by("pk")
    assert {batch.state for batch in batches} == {"ripening"}
    assert sum(len(batch.recipients) for batch in batches) == 5
    assert sum(batch.appended for batch in batches) == 5
    assert all(batch.finished is not None for batch in batches)
    assert {batch.lineage for batch in batches} == {database.facts().lineage}
    assert notice.status == "sent"
    assert ripen() == 5
    assert {batch.state for batch in batches.all()} == {"done"}


def test_several_notices_at_once_leave_theirs():
    ada, bob = people(2)
    with committed():
        first, second = sending.send_many(
            [
                sending.NewNotice(to=ada, title="plain"),
                sending.NewNotice(to=bob, title="news", category="news"),
            ]
        )
    assert not first.batch_set.filter(state="ripening").exists()
    assert second.batch_set.get(state="ripening").recipients == [bob.pk]
    ripen()
    assert names(second) == ["user-1"]


def statements(recipients, category=""):
    """Those of a send and all that follows it, without their values."""
    with CaptureQueriesContext(connection) as queries:
        with committed():
            sending.send(to=recipients, title="one", category=category)
        work_off()
    return [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries]


@pytest.mark.parametrize("count", [1, 5])
def test_a_notice_of_no_channel_has_the_same_statements_as_before(count, monkeypatch, settings):
    """The kinds of another category declare one."""
    settings.NOTIFY_BATCH_SIZE = 2
    several = people(count)
    statements(several)  # what a first send asks for once
    declared = statements(several)
    assert statements(several, "news") != declared
    monkeypatch.setattr(registry, "_kinds", {})
    assert declared == statements(several)
    assert not any("ripening" in one or "outbox" in one for one in declared)


def test_items_are_for_those_who_have_it_unread_and_want_it():
    unread, read, archived, off, muted, deleted = people(6)
    Preference.objects.create(user=off, scope="category:news", channel="kept", value=False)
    Mute.objects.create(user=muted, target="category:news")
    notice = sent([unread, read, archived, off, muted, deleted])
    mark(read, "read", notice)
    mark(archived, "archived", notice)
    deleted.delete()
    assert ripen() == 1
    assert names(notice) == [unread.username]
    [item] = OutboxItem.objects.all()
    assert (item.state, item.tries, item.rhythm) == ("waiting", 0, "")
    assert item.lineage == database.facts().lineage


def test_seen_prevents_it_where_the_kind_says_so():
    ada, bob = people(2)
    by_seen, by_read = sent([ada, bob], key="t.seen"), sent([ada, bob])
    for notice in (by_seen, by_read):
        mark(ada, "seen", notice)
    ripen()
    assert (names(by_seen), names(by_read)) == ([bob.username], [ada.username, bob.username])


def test_what_is_filed_goes_if_the_channel_is_wanted():
    [ada] = people(1)
    Preference.objects.create(user=ada, scope="category:news", channel="inbox", value=False)
    notice = sent(ada)
    ripen()
    assert names(notice) == [ada.username]


@pytest.mark.parametrize("how", ["recalled", "expired", "restored", "undeclared"])
def test_nothing_is_made_of_what_is_not_to_go(how, monkeypatch):
    notice = sent(people(1))
    if how == "recalled":
        control.start_recall(notice.pk)
    elif how == "expired":
        type(notice).objects.update(expires=database.now())
    elif how == "restored":
        notice.batch_set.update(lineage="0" * 8)
        facts = database.facts()._replace(lineage="1" * 8)
        monkeypatch.setattr(database, "facts", lambda: facts)
    else:
        kind("t.news").channels = []
    assert ripen() == 0
    assert notice.batch_set.get(size__gt=0).state == "done"


def test_the_past_is_not_sent_when_a_channel_is_declared(monkeypatch):
    [ada] = people(1)
    monkeypatch.setattr(kind("t.news"), "channels", [])
    notice = sent(ada)
    monkeypatch.setattr(kind("t.news"), "channels", None)
    assert ripen() == 0
    assert names(notice) == []


def test_the_past_is_not_sent_when_somebody_turns_it_on():
    [ada] = people(1)
    off = Preference.objects.create(user=ada, scope="all", channel="kept", value=False)
    notice = sent(ada)
    ripen()
    off.delete()
    assert ripen() == 0
    assert states(notice) == []


def test_it_waits_for_the_delay():
    [ada] = people(1)
    kind("t.news").channels = [Kept(after=timedelta(hours=1))]
    notice = sent(ada)
    batch = notice.batch_set.get()
    assert abs(batch.due - batch.finished - timedelta(hours=1)) < timedelta(seconds=1)
    assert ripening.ripen_next() is None


def test_channels_have_their_turns_one_after_the_other():
    class Later(Kept):
        key = "later"

    kind("t.news").channels = [Later(after=timedelta(hours=2)), Kept(after=NOW)]
    [ada] = people(1)
    notice = sent(ada)
    batch = notice.batch_set.get()
    assert ripening.ripen_next() == 1
    after = notice.batch_set.get()
    assert (after.state, after.reached) == ("ripening", 0)
    assert after.due - batch.due == timedelta(hours=2)
    Batch.objects.update(due=F("due") - timedelta(hours=3))
    assert ripening.ripen_next() == 1
    done = notice.batch_set.get()
    assert (done.state, done.reached) == ("done", 7200)
    assert sorted(OutboxItem.objects.values_list("channel", flat=True)) == ["kept", "later"]


def test_twice_makes_nothing_twice():
    notice = sent(people(3))
    assert ripen() == 3
    notice.batch_set.update(state="ripening", reached=None)
    assert ripen() == 0
    assert OutboxItem.objects.count() == 3


def test_a_batch_that_fails_lets_the_next_one_pass(monkeypatch, caplog):
    bad, good = sent(people(1, "a")), sent(people(1, "b"))
    Batch.objects.filter(notice=bad).update(due=F("due") - timedelta(hours=1))
    make = ripening._make_items

    def fails(batch, channel):
        if batch.notice_id == bad.pk:
            raise ZeroDivisionError
        return make(batch, channel)

    monkeypatch.setattr(ripening, "_make_items", fails)
    assert ripening.ripen_next() == 0
    assert "ZeroDivisionError" in caplog.text
    assert bad.batch_set.get().attempts == 1
    assert ripening.ripen_next() == 1
    assert names(good) == ["b-0"]
    assert ripening.ripen_next() is None


def test_where_nothing_can_be_postponed_it_raises(monkeypatch):
    def fails(locked):
        raise OperationalError("away")

    monkeypatch.setattr(ripening, "_ripen_next", fails)
    with pytest.raises(OperationalError):
        ripening.ripen_next()


def test_the_statements_of_a_batch_are_few():
    sent(people(50))
    sql.fetch("SELECT 1")
    with CaptureQueriesContext(connection) as queries:
        assert ripening.ripen_next() == 50
    tables = [query["sql"] for query in queries if "notify_" in query["sql"]]
    assert len(tables) == 3, tables  # the batch, its items, the batch
