"""Why a user did or did not see a notice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import notify
from notify import sending
from notify.inbox import upkeep
from notify.models import Inbox, Notification
from tests.unit.admin.helpers import inbox_page, text_of
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def page_text(client, user, notice):
    return text_of(client.get(inbox_page(user), {"notice": notice.pk}))


def verdict(client, user, notice):
    return client.get(inbox_page(user), {"notice": notice.pk}).context["story"].verdict


def test_a_user_who_was_not_a_recipient(client, inbox_staff, ada, make_user):
    notice = notify.send(to=make_user("bob"), title="Hello")
    assert verdict(client, ada, notice) == "ada was not among the recipients when it was sent."


def test_a_notice_in_the_inbox_that_no_client_has_confirmed(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", sender=inbox_staff)
    shown = page_text(client, ada, notice)
    assert "It waits in the inbox: no client of ada has confirmed it." in shown
    assert "by staff" in shown
    assert "as version 1 of the inbox" in shown
    assert "no client has confirmed it; the highest that one has is version 0" in shown


def test_what_a_client_has_confirmed_is_delivered_by_then_at_the_latest(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello")
    before = timezone.now()
    upkeep.acknowledge({str(ada.pk): 1})
    at = Inbox.objects.get(pk=ada.pk).acknowledged_at
    assert before - timedelta(milliseconds=1) <= at <= timezone.now()
    shown = page_text(client, ada, notice)
    assert "It reached a browser of ada, and has not been on the screen there." in shown
    assert "a client has confirmed version 1; at the latest" in shown

    notify.send(to=ada, title="Another")
    upkeep.acknowledge({str(ada.pk): 2})
    assert "when this one arrived is not recorded" in page_text(client, ada, notice)


def test_marks_have_their_time(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello")
    sending.mark(str(ada.pk), "seen", ids=[notice.pk])
    assert verdict(client, ada, notice) == "ada has seen it."
    archived = notify.send(to=ada, title="At a glance")
    sending.mark(str(ada.pk), "archived", ids=[archived.pk])
    assert verdict(client, ada, archived) == "ada has seen it."  # by archiving it
    sending.recall(notice)
    assert verdict(client, ada, notice) == "ada has seen it, before it was recalled."
    steps = {
        step.name: step
        for step in client.get(inbox_page(ada), {"notice": notice.pk}).context["story"].steps
    }
    copy = Notification.objects.get(notice=notice)
    assert (steps["Seen"].when, steps["Seen"].happened) == (copy.seen, True)
    assert (steps["Read"].when, steps["Read"].happened) == (None, False)
    assert steps["Recalled"].happened


def test_a_recall_before_it_was_seen_and_an_expiry(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", expires=timezone.now() + timedelta(hours=1))
    sending.recall(notice)
    assert verdict(client, ada, notice) == "It was recalled before ada saw it."
    assert "by whoever may send" in page_text(client, ada, notice)
    type(notice).objects.update(expires=timezone.now() - timedelta(hours=1))
    assert "it had expired" in page_text(client, ada, notice)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (None, "It is on its way: the batch of ada is not carried out yet."),
        (sending.pause, "It is paused, and has not reached the inbox of ada."),
        (sending.cancel, "It was cancelled before it reached the inbox of ada."),
        (sending.recall, "It was recalled before it reached the inbox of ada."),
    ],
)
def test_a_notice_that_has_not_reached_the_inbox(  # noqa: PLR0917  (fixtures and parameters)
    client, inbox_staff, ada, settings, verb, said
):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = notify.send(to=[ada, *people(2)], title="Hello")
    if verb is not None:
        verb(notice)
    assert verdict(client, ada, notice) == said


def test_the_state_of_a_batch_is_translated(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=1))
    sending.pause(notice)
    german = {"accept-language": "de"}
    shown = text_of(client.get(inbox_page(ada), {"notice": notice.pk}, headers=german))
    assert "„Angehalten“" in shown


def test_a_scheduled_notice(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=1))
    assert verdict(client, ada, notice) == "It is scheduled, and not yet sent to ada."
    assert "as it was scheduled" in page_text(client, ada, notice)


def test_an_inactive_account_and_a_deleted_notification(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello")
    ada.is_active = False
    ada.save()
    assert "the account of ada is not active" in verdict(client, ada, notice)
    Notification.objects.all().delete()
    assert verdict(client, ada, notice).startswith("ada had it; it was deleted since")
