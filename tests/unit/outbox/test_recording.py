from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.db.models import F

from notify.models import Message, OutboxItem, Reach
from notify.outbox import (
    AddressRefused,
    Deferred,
    MessageRefused,
    Unanswered,
    claiming,
    last_look,
    recording,
)
from notify.outbox.claiming import claim
from notify.outbox.recording import record, result_of
from notify.sql import database
from tests.unit.outbox.out import due, messages, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


def sending(user, key="t.news"):
    """A message about a notice, which may have left; the notice, and the message's key."""
    notice = due(user, key=key)
    claimed = claim(str(user.pk), "kept")
    assert last_look.look(claimed.message.pk, claimed.told) is claimed.told
    return notice, claimed.message.pk


@pytest.mark.parametrize(
    ("error", "message", "item"),
    [
        (None, "handed", "handed"),
        (AddressRefused("No such user"), "refused", "refused"),
        (MessageRefused("Spam"), "refused", "refused"),
        (Unanswered("It hung up"), "unknown", "unknown"),
    ],
)
def test_the_answer_is_what_becomes_of_the_message_and_its_items(ada, error, message, item):
    notice, key = sending(ada)
    assert record(key, result_of(error))
    assert messages() == [message]
    assert states(notice) == [(item, str(error or ""))]
    assert Message.objects.get().ended == OutboxItem.objects.get().ended
    assert claim(str(ada.pk), "kept") is None


def test_a_temporary_refusal_frees_the_items_for_a_new_message(ada):
    notice, key = sending(ada)
    assert record(key, result_of(Deferred("Busy")))
    assert messages() == ["deferred"]
    item, reach = OutboxItem.objects.get(), Reach.objects.get()
    assert (item.state, item.message, item.ripe) == ("waiting", None, reach.again)
    assert (reach.failures, reach.why, reach.address) == (1, "Busy", "ada@example.org")
    assert reach.again == reach.since + timedelta(minutes=1)
    Reach.objects.update(again=database.now())
    OutboxItem.objects.update(ripe=database.now())
    claimed = claim(str(ada.pk), "kept")
    last_look.look(claimed.message.pk, claimed.told)
    assert record(claimed.message.pk, result_of(Deferred("Busy")))
    assert Reach.objects.get().failures == 2
    assert states(notice) == [("waiting", "")]


def test_an_address_is_given_up_after_three_days(ada):
    notice, key = sending(ada)
    since = database.now() - timedelta(days=3)
    Reach.objects.create(
        user=ada, channel="kept", address="ada@example.org", failures=20, since=since
    )
    assert record(key, result_of(Deferred("Busy")))
    assert messages() == ["refused"]
    assert states(notice) == [("refused", "given up after three days: Busy")]
    assert not Reach.objects.exists()  # the next notice tries anew


def test_what_was_taken_ends_the_failures_of_the_address(ada):
    Reach.objects.create(user=ada, channel="kept", address="ada@example.org", failures=2)
    _, key = sending(ada)
    record(key, result_of(None))
    assert not Reach.objects.exists()


def test_a_refused_address_is_closed(ada):
    _, key = sending(ada)
    record(key, result_of(AddressRefused("No such user")))
    reach = Reach.objects.get()
    assert reach.closed is not None
    assert (reach.address, reach.why) == ("ada@example.org", "No such user")
    assert reach.again is None


@pytest.mark.parametrize("key", ["t.news", "t.twice"])
@pytest.mark.parametrize("error", [Deferred("Busy"), MessageRefused("Spam"), Unanswered("?")])
@pytest.mark.parametrize("since", [timedelta(0), timedelta(days=3)])
def test_it_stays_closed_whatever_becomes_of_another_message_to_it(ada, error, key, since):
    _, first = sending(ada)
    notice, second = sending(ada, key)
    record(first, result_of(AddressRefused("No such user")))
    Reach.objects.update(since=database.now() - since)
    closed = Reach.objects.get().closed
    assert record(second, result_of(error))
    reach = Reach.objects.get()
    assert (reach.closed, reach.why) == (closed, "No such user")
    if states(notice) == [("waiting", "")]:
        assert claim(str(ada.pk), "kept") is None
        assert states(notice) == [("skipped", "address refused")]


def test_it_is_open_again_once_it_has_taken_a_message(ada):
    (_, first), (_, second) = sending(ada), sending(ada)
    record(first, result_of(AddressRefused("No such user")))
    record(second, result_of(None))
    assert not Reach.objects.exists()


def test_what_the_former_address_takes_opens_no_other(ada):
    _, key = sending(ada)
    Reach.objects.create(user=ada, channel="kept", address="new@x.org", closed=database.now())
    record(key, result_of(None))
    assert Reach.objects.get().closed is not None


def test_another_address_begins_anew(ada):
    _, key = sending(ada)
    Reach.objects.create(
        user=ada, channel="kept", address="old@x.org", closed=database.now(), failures=7
    )
    record(key, result_of(Deferred("Busy")))
    reach = Reach.objects.get()
    assert (reach.address, reach.closed, reach.failures) == ("ada@example.org", None, 1)


def test_a_refused_message_closes_nothing(ada):
    _, key = sending(ada)
    record(key, result_of(MessageRefused("Spam")))
    assert not Reach.objects.exists()


def test_a_second_record_changes_nothing(ada):
    _, key = sending(ada)
    assert record(key, result_of(None))
    for error in (None, Deferred("x"), MessageRefused("x"), Unanswered("x")):
        assert not record(key, result_of(error))
    assert messages() == ["handed"]
    assert not record("gone", result_of(None))


def test_a_late_answer_makes_an_unknown_message_known(ada):
    notice, key = sending(ada)
    record(key, result_of(Unanswered("x")))
    assert not record(key, result_of(Deferred("x")))
    assert messages() == ["unknown"]
    assert record(key, result_of(None))
    assert (messages(), states(notice)) == (["handed"], [("handed", "")])


def test_twice_is_better_than_never_where_the_kind_says_so(ada):
    notice, key = sending(ada, "t.twice")
    record(key, result_of(Unanswered("x")))
    assert messages() == ["unknown"]
    assert states(notice) == [("waiting", "")]
    assert OutboxItem.objects.get().ripe == Reach.objects.get().again > database.now()


def end_leases():
    Message.objects.update(lease=F("lease") - 2 * claiming.LEASE)
    return recording.end_leases()


def test_a_lease_that_cannot_be_ended_holds_up_no_other(ada, monkeypatch, caplog):
    (first, one), (second, _) = sending(ada), sending(ada)
    apply = recording._apply

    def fails(message, result):
        if message.pk == one:
            raise OperationalError("away")
        apply(message, result)

    monkeypatch.setattr(recording, "_apply", fails)
    assert end_leases() == 1
    assert states(second) == [("unknown", recording.NO_RECORD)]
    assert states(first) == [("taken", "")]
    assert f"The lease of message {one} could not be ended" in caplog.text


def test_the_items_of_a_worker_that_is_gone_are_free_again(ada):
    notice = due(ada)
    claim(str(ada.pk), "kept")
    assert recording.end_leases() == 0
    assert end_leases() == 1
    assert messages() == ["dropped"]
    assert states(notice) == [("waiting", "")]
    assert [one.item.notice_id for one in claim(str(ada.pk), "kept").told] == [notice.pk]


def test_what_ends_its_worker_time_and_again_goes_alone_and_ends(ada):
    """A text that kills the process which renders it, beside one that does not."""
    deadly, other = due(ada, "deadly"), due(ada, "other")
    told = []
    while (claimed := claim(str(ada.pk), "kept")) is not None:
        told.append([one.item.notice_id for one in claimed.told])
        if deadly.pk in told[-1]:
            assert end_leases() == 1
        else:
            assert last_look.look(claimed.message.pk, claimed.told) is not None
            record(claimed.message.pk, result_of(None))
    assert told[0] == [other.pk, deadly.pk]
    assert sorted(told[1:]) == [[deadly.pk]] * len(claiming.RETRIES) + [[other.pk]]
    assert states(deadly) == [("skipped", "not rendered")]
    assert states(other) == [("handed", "")]


def test_what_may_have_left_with_a_worker_that_is_gone_is_unknown(ada, caplog):
    notice, key = sending(ada)
    assert end_leases() == 1
    assert messages() == ["unknown"]
    assert states(notice) == [("unknown", recording.NO_RECORD)]
    assert key in caplog.text
    assert claim(str(ada.pk), "kept") is None
    assert record(key, result_of(None))
    assert messages() == ["handed"]


def test_a_message_that_cannot_be_rendered_puts_its_items_off(ada):
    first, second = due(ada, "1"), due(ada, "2")
    claimed = claim(str(ada.pk), "kept")
    recording.drop(claimed.message.pk, "it broke")
    recording.drop(claimed.message.pk, "it broke")
    assert messages() == ["dropped"]
    assert states(first) == states(second) == [("waiting", "")]
    assert not OutboxItem.objects.exclude(tries=1, message=None).exists()
