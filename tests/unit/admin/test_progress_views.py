"""The progress of a notice; pausing, resuming, cancelling and recalling it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

import notify
from notify import sending
from notify.exceptions import Busy
from notify.models import Notice, Notification, Place
from tests.unit.admin.helpers import LIST, allow, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

VERBS = ("pause", "resume", "cancel", "recall")


def do(client, notice, verb):
    return client.post(f"{LIST}{notice.pk}/{verb}/", follow=True)


def progress(client, notice):
    return client.get(f"{LIST}{notice.pk}/progress/").json()


def test_a_notice_is_paused_resumed_and_cancelled(client, staff, queued_notice):
    sending.carry_out_next()
    assert progress(client, queued_notice)["status"] == "sending"

    assert "Paused. Not yet sent to 4 people." in text_of(do(client, queued_notice, "pause"))
    shown = progress(client, queued_notice)
    assert (shown["status"], shown["label"], shown["moving"]) == ("paused", "Paused", False)
    assert shown["can"] == {
        "stop": False,
        "pause": False,
        "resume": True,
        "cancel": True,
        "recall": True,
    }
    assert not sending.carry_out_next()

    assert "Resumed. Sending to 4 people." in text_of(do(client, queued_notice, "resume"))
    assert sending.carry_out_next()

    page = text_of(client.get(f"{LIST}{queued_notice.pk}/cancel/"))
    assert "4 people already have it and keep it. The other 2 won't get it." in page
    assert "Cancelled. 2 people won't get it." in text_of(do(client, queued_notice, "cancel"))
    shown = progress(client, queued_notice)
    assert (shown["status"], shown["done"], shown["of"]) == ("cancelled", 6, 6)
    assert shown["counts"]["cancelled"] == "2"
    assert Notification.objects.exclude(place=Place.RECALLED).count() == 4
    messages = [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]
    assert messages == ["Paused.", "Resumed.", "Cancelled."]


def test_a_cancelled_notice_can_still_be_recalled(client, staff, queued_notice):
    sending.carry_out_next()
    do(client, queued_notice, "cancel")
    assert (
        "Recall from 2 people" in client.get(f"{LIST}{queued_notice.pk}/recall/").content.decode()
    )
    assert "Recalled from 2 people." in text_of(do(client, queued_notice, "recall"))


def test_a_finished_notice_has_nothing_left_to_stop(client, staff):
    notice = notify.send(to=staff, title="Done")
    assert "nothing left to pause" in text_of(do(client, notice, "pause"))
    assert "wasn't paused" in text_of(do(client, notice, "resume"))
    assert "nothing left to cancel" in text_of(client.get(f"{LIST}{notice.pk}/cancel/"))
    assert "nothing left to cancel" in text_of(do(client, notice, "cancel"))
    assert not LogEntry.objects.exists()


def test_a_locked_notice_is_reported_and_left_unchanged(client, staff, queued_notice, monkeypatch):
    def busy(notice, by):
        raise Busy("locked")

    monkeypatch.setattr(sending, "pause", busy)
    assert "Someone else is changing this notice." in text_of(do(client, queued_notice, "pause"))
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_staff_who_may_only_view_can_change_nothing(client, make_user, queued_notice, verb):
    client.force_login(allow(make_user("looker", is_staff=True), "view_notice"))
    assert client.get(f"{LIST}{queued_notice.pk}/progress/").status_code == 200
    assert client.post(f"{LIST}{queued_notice.pk}/{verb}/").status_code == 403
    assert client.get(f"{LIST}{queued_notice.pk}/{verb}/").status_code == 403
    assert (
        'data-verb="pause"' not in client.get(f"{LIST}{queued_notice.pk}/change/").content.decode()
    )
    assert Notice.objects.get().status == "pending"


def test_staff_who_may_not_view_see_no_progress(client, make_user, queued_notice):
    client.force_login(make_user("other", is_staff=True))
    assert client.get(f"{LIST}{queued_notice.pk}/progress/").status_code == 403


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_require_post_with_the_csrf_token(staff, queued_notice, verb):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(staff)
    assert careful.post(f"{LIST}{queued_notice.pk}/{verb}/").status_code == 403
    careful.get(f"{LIST}{queued_notice.pk}/{verb}/")
    assert Notice.objects.get().status == "pending"


@pytest.mark.parametrize("verb", [*VERBS, "progress"])
def test_an_unknown_notice_is_404(client, staff, verb):
    assert client.post(f"{LIST}99/{verb}/").status_code == 404


# Recalling


def test_a_recall_asks_first_and_says_from_how_many(client, staff, ada, make_user):
    notice = notify.send(to=[ada, make_user("bob")], title="Wrong")
    page = client.get(f"{LIST}{notice.pk}/change/").content.decode()
    assert f"{LIST}{notice.pk}/recall/" in page

    assert "Recall from 2 people" in client.get(f"{LIST}{notice.pk}/recall/").content.decode()
    notice.refresh_from_db()
    assert notice.recalled is None

    response = client.post(f"{LIST}{notice.pk}/recall/", follow=True)
    assert "Recalled from 2 people." in text_of(response)
    assert "/recall/" not in response.content.decode()
    assert Notification.objects.exclude(place=Place.RECALLED).count() == 0
    assert LogEntry.objects.get().get_change_message() == "Recalled."


def test_the_page_of_a_cancel_counts_those_who_will_not_get_it(client, staff, ada):
    notice = notify.send(to=ada, title="Later", send_at=timezone.now() + timedelta(hours=1))
    page = text_of(client.get(f"{LIST}{notice.pk}/cancel/"))
    assert "Nobody has it yet. 1 person won't get it." in page


def test_a_recalled_notice_cannot_be_recalled_again(client, staff, ada):
    notice = notify.send(to=ada, title="Wrong")
    notify.recall(notice)
    assert "has already been recalled" in text_of(client.get(f"{LIST}{notice.pk}/recall/"))


def test_the_recall_of_a_notice_that_does_not_exist_is_404(client, staff):
    assert client.get(f"{LIST}99/recall/").status_code == 404
    assert client.post(f"{LIST}x/recall/").status_code == 404
