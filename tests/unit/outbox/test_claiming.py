from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db.models import F

from notify.inbox import control
from notify.models import Message, Mute, Notice, OutboxItem, Preference, Reach, Reader
from notify.outbox import claiming
from notify.outbox.claiming import Rounds, claim
from notify.sql import database
from tests.unit.inbox.helpers import mark, people
from tests.unit.outbox.out import Kept, due, kind, later, messages, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


@pytest.fixture
def clock(monkeypatch):
    """`clock(moment)` sets the database's clock, for what Python asks of it. The first time all
    items are as if made then."""
    was_set = False

    def set_to(moment):
        nonlocal was_set
        if not was_set:
            later(moment - datetime.now(UTC))
            was_set = True
        monkeypatch.setattr(database, "now", lambda: moment)

    return set_to


def taken(user, channel="kept"):
    """The notices that a claim takes, newest first."""
    claimed = claim(str(user.pk), channel)
    return None if claimed is None else [one.item.notice_id for one in claimed.told]


def test_a_message_takes_all_that_is_due(ada):
    first, second = due(ada, "first"), due(ada, "second")
    claimed = claim(str(ada.pk), "kept")
    assert [one.item.notice_id for one in claimed.told] == [second.pk, first.pk]
    message = Message.objects.get()
    assert claimed.message == message
    assert (message.state, message.address) == ("claimed", "ada@example.org")
    assert message.lease - message.created == claiming.LEASE
    assert states(first) == states(second) == [("taken", "")]
    assert {item.message for item in OutboxItem.objects.all()} == {message}
    assert claim(str(ada.pk), "kept") is None


def refused(user):
    Reach.objects.create(
        user=user, channel="kept", address="ada@example.org", closed=database.now()
    )


def off(user):
    Preference.objects.create(user=user, scope="kind:t.news", channel="kept", value=False)


def undeclared():
    kind("t.news").channels = []


def nowhere():
    Kept.address_of = staticmethod(lambda user: None)


PAST = timedelta(seconds=-1)
REASONS: dict[str, Callable[..., Any]] = {
    "read": lambda ada, notice: mark(ada, "read", notice),
    "archived": lambda ada, notice: mark(ada, "archived", notice),
    "recalled": lambda ada, notice: control.start_recall(notice.pk),
    "expired": lambda ada, notice: Notice.objects.update(expires=database.now() + PAST),
    "muted": lambda ada, notice: Mute.objects.create(user=ada, target="category:news"),
    "unwanted": lambda ada, notice: off(ada),
    "deleted": lambda ada, notice: ada.notify_notifications.all().delete(),
    "inactive": lambda ada, notice: type(ada).objects.update(is_active=False),
    "no address": lambda ada, notice: nowhere(),
    "address refused": lambda ada, notice: refused(ada),
    "no channel": lambda ada, notice: undeclared(),
}


@pytest.mark.parametrize("why", REASONS)
def test_what_is_due_no_more_is_closed_with_the_reason(ada, why):
    notice = due(ada)
    REASONS[why](ada, notice)
    assert taken(ada) is None
    assert states(notice) == [("skipped", why)]
    assert OutboxItem.objects.get().ended is not None
    assert messages() == []


def test_what_was_made_before_a_restore_is_closed(ada, monkeypatch):
    notice = due(ada)
    OutboxItem.objects.update(lineage="0" * 8)
    facts = database.facts()._replace(lineage="1" * 8)
    monkeypatch.setattr(database, "facts", lambda: facts)
    assert taken(ada) is None
    assert states(notice) == [("skipped", "restored")]


def test_the_others_still_go(ada):
    read, unread = due(ada, "read"), due(ada, "unread")
    mark(ada, "read", read)
    assert taken(ada) == [unread.pk]


def test_a_new_address_is_not_closed(ada):
    Reach.objects.create(user=ada, channel="kept", address="old@x.org", closed=database.now())
    notice = due(ada)
    assert taken(ada) == [notice.pk]


def test_an_address_that_failed_waits(ada):
    notice = due(ada)
    again = database.now() + timedelta(minutes=5)
    Reach.objects.create(user=ada, channel="kept", address="ada@example.org", again=again)
    assert taken(ada) is None
    assert states(notice) == [("waiting", "")]
    assert OutboxItem.objects.get().ripe == again


def test_an_address_that_cannot_be_said_is_asked_for_again_and_given_up(ada, caplog):
    def fails(user):
        raise ZeroDivisionError

    notice = due(ada)
    Kept.address_of = staticmethod(fails)
    for tries in range(1, len(claiming.RETRIES) + 1):
        assert taken(ada) is None
        item = OutboxItem.objects.get()
        assert (item.state, item.tries) == ("waiting", tries)
        assert item.ripe > database.now()
        later(-timedelta(hours=2))
    assert taken(ada) is None
    assert states(notice) == [("skipped", "not rendered")]
    assert "could not say where" in caplog.text


def test_what_failed_goes_alone(ada):
    first, failed, last = due(ada, "1"), due(ada, "2"), due(ada, "3")
    OutboxItem.objects.filter(notice=failed).update(tries=1)
    assert [taken(ada), taken(ada), taken(ada)] == [[last.pk, first.pk], [failed.pk], None]


def test_what_nobody_can_unsubscribe_from_goes_apart(ada):
    news, must = due(ada), due(ada, key="t.must")
    assert [taken(ada), taken(ada)] == [[news.pk], [must.pk]]


def test_what_goes_another_way_goes_apart(ada):
    first, other = due(ada), due(ada, key="t.seen")
    assert taken(ada) == [other.pk, first.pk]
    first, other = due(ada), due(ada, key="t.seen")
    kind("t.seen").channels[0].using = "bulk"
    assert [taken(ada), taken(ada)] == [[first.pk], [other.pk]]


def test_it_waits_for_the_end_of_quiet_hours(ada, clock):
    Reader.objects.create(
        user=ada, zone="Europe/Berlin", quiet_start=time(22), quiet_end=time(7, 30)
    )
    quiet, loud = due(ada), due(ada, key="t.alarm")
    clock(datetime(2026, 12, 2, 23, 0, tzinfo=UTC))
    assert taken(ada) == [loud.pk]  # critical
    item = OutboxItem.objects.get(notice=quiet)
    assert item.state == "waiting"
    assert item.ripe == datetime(2026, 12, 3, 6, 30, tzinfo=UTC)
    clock(datetime(2026, 12, 3, 6, 30, tzinfo=UTC))
    OutboxItem.objects.update(ripe=datetime(2026, 12, 3, 6, 30, tzinfo=UTC))
    assert taken(ada) == [quiet.pk]


def test_a_late_worker_sends_what_was_due_before_the_quiet_hours(ada, clock):
    Reader.objects.create(user=ada, zone="UTC", quiet_start=time(22), quiet_end=time(7))
    notice = due(ada)
    clock(datetime(2026, 12, 2, 22, 20, tzinfo=UTC))
    OutboxItem.objects.update(ripe=datetime(2026, 12, 2, 21, 59, tzinfo=UTC))
    assert taken(ada) == [notice.pk]


@pytest.mark.parametrize(
    ("rhythm", "ripe"),
    [
        ("hourly", datetime(2026, 12, 2, 11, 0, tzinfo=UTC)),
        ("daily", datetime(2026, 12, 3, 7, 0, tzinfo=UTC)),
        ("weekly", datetime(2026, 12, 7, 7, 0, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("scope", ["kind:t.news", "category:news", "all"])
def test_a_digest_waits_for_its_time_and_is_one_message(ada, clock, rhythm, ripe, scope):
    Reader.objects.create(user=ada, zone="Europe/Berlin")
    Preference.objects.create(user=ada, scope=scope, channel="kept", value=True, rhythm=rhythm)
    notices = [due(ada, str(n)) for n in range(3)]
    clock(datetime(2026, 12, 2, 10, 20, tzinfo=UTC))
    assert taken(ada) is None
    assert set(OutboxItem.objects.values_list("rhythm", "ripe")) == {(rhythm, ripe)}
    clock(ripe)
    assert sorted(taken(ada)) == sorted(notice.pk for notice in notices)


def test_the_next_daily_digest_is_on_a_later_date(ada, clock):
    Preference.objects.create(user=ada, scope="all", channel="kept", value=True, rhythm="daily")
    first = due(ada)
    OutboxItem.objects.update(
        state="handed", rhythm="daily", ripe=datetime(2026, 12, 2, 8, 5, tzinfo=UTC)
    )
    second = due(ada)
    moment = datetime(2026, 12, 2, 7, 0, tzinfo=UTC)  # a clock that went back, or a zone
    clock(moment)
    OutboxItem.objects.filter(notice=first).update(ripe=datetime(2026, 12, 2, 8, 5, tzinfo=UTC))
    OutboxItem.objects.filter(notice=second).update(ripe=moment, made=moment)
    assert taken(ada) is None
    assert OutboxItem.objects.get(notice=second).ripe == datetime(2026, 12, 3, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "rhythm", "ripe"),
    [
        ("America/New_York", "daily", datetime(2026, 12, 3, 13, 0, tzinfo=UTC)),
        ("America/New_York", "weekly", datetime(2026, 12, 7, 13, 0, tzinfo=UTC)),
        ("Asia/Tokyo", "daily", None),
    ],
)
def test_a_zone_that_changed_without_a_word_to_us_puts_a_digest_off_and_never_twice(
    ada, clock, zone, rhythm, ripe
):
    """As NOTIFY_READER may tell another one at any time. To the east it is late by then."""
    reader = Reader.objects.create(user=ada, zone="Europe/Berlin")
    Preference.objects.create(user=ada, scope="all", channel="kept", value=True, rhythm=rhythm)
    notice = due(ada)
    clock(datetime(2026, 12, 2, 20, 20, tzinfo=UTC))
    assert taken(ada) is None
    reader.zone = zone
    reader.save()
    clock(OutboxItem.objects.get().ripe)
    if ripe is not None:
        assert taken(ada) is None
        assert OutboxItem.objects.get().ripe == ripe
        clock(ripe)
    assert taken(ada) == [notice.pk]


def test_a_digest_stays_one_where_the_zone_changed(ada, clock):
    """Of what is overdue by the new zone, and what is not, nothing goes before the other."""
    reader = Reader.objects.create(user=ada, zone="Europe/Berlin")
    Preference.objects.create(user=ada, scope="all", channel="kept", value=True, rhythm="daily")
    early, late = due(ada, "early"), due(ada, "late")
    clock(datetime(2026, 12, 2, 20, 20, tzinfo=UTC))
    made = datetime(2026, 12, 2, 10, 20, tzinfo=UTC)
    OutboxItem.objects.filter(notice=early).update(made=made)
    assert taken(ada) is None
    reader.zone = "America/New_York"
    reader.save()
    clock(datetime(2026, 12, 3, 7, 0, tzinfo=UTC))
    assert taken(ada) is None
    clock(datetime(2026, 12, 3, 13, 0, tzinfo=UTC))
    assert sorted(taken(ada)) == [early.pk, late.pk]


def test_a_changed_choice_moves_what_waits(ada, clock):
    choice = Preference.objects.create(
        user=ada, scope="all", channel="kept", value=True, rhythm="weekly"
    )
    notice = due(ada)
    clock(datetime(2026, 12, 2, 10, 20, tzinfo=UTC))
    assert taken(ada) is None
    choice.rhythm = ""
    choice.save()
    OutboxItem.objects.update(ripe=F("made"))
    assert taken(ada) == [notice.pk]
    assert OutboxItem.objects.get().rhythm == ""


def test_rounds_name_each_person_once_and_pass_nobody(monkeypatch):
    monkeypatch.setattr(claiming, "PAGE", 3)
    several = people(4)
    due(several)
    due(several[:2])
    rounds = Rounds()
    pages = [rounds.next_page() for _ in range(3)]
    assert [len(page) for page in pages] == [3, 3, 0]
    assert {user for page in pages for user, _ in page} == {str(user.pk) for user in several}
    assert rounds.next_page() == pages[0]  # nothing was done about them


def test_somebody_who_is_gone_has_nothing(ada):
    due(ada)
    key = str(ada.pk)
    ada.delete()
    assert claim(key, "kept") is None
    assert not OutboxItem.objects.exists()
