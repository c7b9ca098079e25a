from __future__ import annotations

import itertools
from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.utils import timezone, translation

import notify
from notify.models import Message, Notification, OutboxItem, Reader
from notify.outbox import Deferred, claiming, handing_out, recording
from notify.outbox.handing_out import hand_out
from tests.unit.inbox.helpers import mark
from tests.unit.outbox.out import Kept, due, later, messages, states

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced", "declared")]


def told():
    """The titles of each message that was taken."""
    return [[row["title"] for row in one.rows] for one in Kept.handed]


def test_what_is_due_is_one_message(ada):
    first, second = due(ada, "first"), due(ada, "second")
    assert hand_out(str(ada.pk), "kept") == 1
    assert told() == [["second", "first"]]
    [outgoing] = Kept.handed
    message = Message.objects.get()
    assert (outgoing.id, outgoing.user, outgoing.address) == (message.pk, ada, message.address)
    assert outgoing.may_unsubscribe
    assert [row["arrived"] for row in outgoing.rows] == [2, 1]
    assert messages() == ["handed"]
    assert states(first) == states(second) == [("handed", "")]
    assert hand_out(str(ada.pk), "kept") == 0


def test_who_got_all_that_is_due_is_not_asked_for_again(ada, monkeypatch):
    claim = Mock(wraps=claiming.claim)
    monkeypatch.setattr(claiming, "claim", claim)
    due(ada, "first")
    due(ada, "second")
    assert hand_out(str(ada.pk), "kept") == 1
    assert claim.call_count == 1
    due(ada, "must", key="t.must")
    due(ada, "news")
    assert hand_out(str(ada.pk), "kept") == 2
    assert claim.call_count == 3


def test_what_is_required_cannot_be_unsubscribed_from(ada):
    due(ada, "must", key="t.must")
    due(ada, "news")
    assert hand_out(str(ada.pk), "kept") == 2
    assert [one.may_unsubscribe for one in Kept.handed] == [False, True]


@pytest.mark.parametrize(
    ("language", "to_ada", "to_all"),
    [("en", "Sent to you", "Sent to everyone"), ("de", "An dich gesendet", "An alle gesendet")],
)
def test_it_says_why_they_got_it(ada, language, to_ada, to_all):
    Reader.objects.create(user=ada, language=language)
    for to, said in ((ada, to_ada), (notify.everyone(), to_all)):
        due(to)
        due(to)
        hand_out(str(ada.pk), "kept")
        assert Kept.handed.pop().reason == said


def test_it_says_no_reason_that_is_not_that_of_all(ada):
    due(ada)
    due(notify.everyone())
    hand_out(str(ada.pk), "kept")
    due(ada)
    Notification.objects.update(reason=None)
    hand_out(str(ada.pk), "kept")
    assert [one.reason for one in Kept.handed] == ["", ""]


def test_it_is_rendered_in_the_persons_language_and_zone(ada, monkeypatch):
    Reader.objects.create(user=ada, language="de", zone="Asia/Tokyo")
    seen = []

    def render(self, outgoing):
        seen.append((translation.get_language(), timezone.get_current_timezone_name()))
        return outgoing

    monkeypatch.setattr(Kept, "render", render)
    due(ada)
    hand_out(str(ada.pk), "kept")
    assert seen == [("de", "Asia/Tokyo")]
    assert Kept.handed[0].locale == ("de", "Asia/Tokyo")
    assert set(Message.objects.values_list("language", "zone")) == {("de", "Asia/Tokyo")}


def test_what_is_read_while_it_is_rendered_is_left_out(ada, monkeypatch):
    due(ada, "kept")
    read = due(ada, "read")
    render = Kept.render

    def reads(self, outgoing):
        mark(ada, "read", read)
        return render(self, outgoing)

    monkeypatch.setattr(Kept, "render", reads)
    assert hand_out(str(ada.pk), "kept") == 1
    assert told() == [["kept"]]
    assert states(read) == [("skipped", "read")]


def test_a_render_that_raises_lets_the_others_go(ada, caplog):
    good, bad = due(ada, "good"), due(ada, "breaks")
    assert hand_out(str(ada.pk), "kept") == 0
    assert set(OutboxItem.objects.values_list("state", "tries")) == {("waiting", 1)}
    for _ in claiming.RETRIES:
        later(-timedelta(hours=2))
        hand_out(str(ada.pk), "kept")
    assert told() == [["good"]]
    assert states(good) == [("handed", "")]
    assert states(bad) == [("skipped", "not rendered")]
    assert "could not be rendered" in caplog.text


def test_an_address_that_is_another_each_time_ends(ada):
    notice, count = due(ada), itertools.count()
    Kept.address_of = staticmethod(lambda user: f"{next(count)}@example.org")
    assert hand_out(str(ada.pk), "kept") == 0
    for _ in claiming.RETRIES:
        assert states(notice) == [("waiting", "")]
        later(-timedelta(hours=2))
        hand_out(str(ada.pk), "kept")
    assert states(notice) == [("skipped", "not rendered")]
    assert set(messages()) == {"dropped"}


def test_a_temporary_refusal_is_tried_again_by_a_new_message(ada):
    notice = due(ada)
    Kept.answers.append(Deferred("Busy"))
    assert hand_out(str(ada.pk), "kept") == 1
    assert hand_out(str(ada.pk), "kept") == 0
    ada.notify_reach.update(again=None)
    later(-timedelta(hours=1))
    assert hand_out(str(ada.pk), "kept") == 1
    assert sorted(messages()) == ["deferred", "handed"]
    assert states(notice) == [("handed", "")]


def test_any_other_error_of_a_channel_is_unknown(ada, caplog):
    notice = due(ada)
    Kept.answers.append(ZeroDivisionError())
    hand_out(str(ada.pk), "kept")
    assert messages() == ["unknown"]
    assert states(notice) == [("unknown", "ZeroDivisionError")]


def test_a_record_is_tried_again(ada, monkeypatch):
    due(ada)
    record, failures = recording.record, [OperationalError("away")] * 3

    def fails(key, result):
        if failures:
            raise failures.pop()
        return record(key, result)

    monkeypatch.setattr(recording, "record", fails)
    monkeypatch.setattr(handing_out, "RECORD_PAUSE_S", 0.0)
    assert hand_out(str(ada.pk), "kept") == 1
    assert messages() == ["handed"]


def test_a_record_is_given_up_in_the_end(ada, monkeypatch):
    due(ada)

    def fails(key, result):
        raise OperationalError("away")

    monkeypatch.setattr(recording, "record", fails)
    monkeypatch.setattr(handing_out, "RECORD_PAUSE_S", 0.0)
    with pytest.raises(OperationalError):
        hand_out(str(ada.pk), "kept")
    assert messages() == ["sending"]
