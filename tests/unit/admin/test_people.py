"""The page of a user in the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

import notify
from notify import sending
from notify.inbox import upkeep
from notify.models import ApiToken, EndedSession, Inbox, Notification
from tests.harness.sessions import new_session
from tests.unit.admin.world import INBOXES, allow, text_of
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture
def staff(make_user, client):
    user = allow(make_user("staff", is_staff=True), "view_inbox")
    client.force_login(user)
    return user


def page(user):
    return f"{INBOXES}{user.pk}/change/"


def told(client, user, notice):
    return text_of(client.get(page(user), {"notice": notice.pk}))


def verdict(client, user, notice):
    return client.get(page(user), {"notice": notice.pk}).context["story"].verdict


# Who may


def test_an_inbox_is_looked_at_by_those_who_may(client, make_user, ada):
    notify.send(to=ada, title="Private")
    client.force_login(allow(make_user("staff", is_staff=True), "send_notice", "view_notice"))
    assert client.get(INBOXES).status_code == 403
    assert client.get(page(ada)).status_code == 403
    assert client.post(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 403


def test_nobody_adds_changes_or_deletes_an_inbox(admin_client, ada):
    notify.send(to=ada, title="Hello")
    assert admin_client.get(f"{INBOXES}add/").status_code == 403
    assert admin_client.post(page(ada), {"version": 0}).status_code == 405
    assert admin_client.post(f"{INBOXES}{ada.pk}/delete/", {"post": "yes"}).status_code == 403
    response = admin_client.post(
        INBOXES, {"action": "delete_selected", "_selected_action": [ada.pk], "post": "yes"}
    )
    assert response.status_code in {200, 302}
    assert Inbox.objects.filter(pk=ada.pk).exists()


def test_who_may_only_look_ends_no_sessions(client, staff, ada):
    new_session(ada)
    assert "End all sessions" not in client.get(page(ada)).content.decode()
    assert client.post(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 403
    assert Session.objects.count() == 2


# Looking


def test_the_list_finds_people_by_name(client, staff, ada, make_user):
    notify.send(to=[ada, make_user("bob")], title="Hello")
    found = client.get(INBOXES, {"q": "ad"}).content.decode()
    assert page(ada) in found
    assert ">bob<" not in found


def test_the_page_shows_the_inbox_of_a_user(client, staff, ada):
    notices = [notify.send(to=ada, title=f"Notice {n}") for n in range(3)]
    sending.mark(str(ada.pk), "read", ids=[notices[0].pk])
    sending.mark(str(ada.pk), "archived", ids=[notices[1].pk])
    ApiToken.objects.issue(ada, "a program", ["inbox"])
    shown = text_of(client.get(page(ada)))
    assert shown.index("Notice 2") < shown.index("Notice 1") < shown.index("Notice 0")
    assert "Unread 1" in shown
    assert "Version of the inbox 5" in shown
    assert "API tokens 1" in shown


def test_a_user_without_an_inbox_has_a_page_too(client, staff, ada):
    assert "Nothing has arrived yet." in text_of(client.get(page(ada)))


@pytest.mark.parametrize("key", ["999999", "x", "_0A"])
def test_nobody_is_404(client, staff, key):
    assert client.get(f"{INBOXES}{key}/change/").status_code == 404


@pytest.mark.parametrize("asked", ["0", "x", "9" * 40, "9" * 5000, "-1"])
def test_a_notice_that_does_not_exist_is_said_to_be_none(client, staff, ada, asked):
    assert "There is no such notice." in text_of(client.get(page(ada), {"notice": asked}))


# Why


def test_who_was_not_meant_is_told_so(client, staff, ada, make_user):
    notice = notify.send(to=make_user("bob"), title="Hello")
    assert verdict(client, ada, notice) == "ada was not among the recipients when it was sent."


def test_what_waits_in_the_inbox_is_told_step_by_step(client, staff, ada):
    notice = notify.send(to=ada, title="Hello", sender=staff)
    shown = told(client, ada, notice)
    assert "It waits in the inbox: no client of ada has confirmed it." in shown
    assert "by staff" in shown
    assert "as version 1 of the inbox" in shown
    assert "no client has confirmed it; the highest that one has is version 0" in shown


def test_what_a_client_has_confirmed_is_delivered_by_then_at_the_latest(client, staff, ada):
    notice = notify.send(to=ada, title="Hello")
    before = timezone.now()
    upkeep.acknowledge({str(ada.pk): 1})
    at = Inbox.objects.get(pk=ada.pk).acknowledged_at
    assert before - timedelta(milliseconds=1) <= at <= timezone.now()
    shown = told(client, ada, notice)
    assert "It reached a browser of ada, and has not been on the screen there." in shown
    assert "a client has confirmed version 1; at the latest" in shown

    notify.send(to=ada, title="Another")
    upkeep.acknowledge({str(ada.pk): 2})
    assert "when this one arrived is not recorded" in told(client, ada, notice)


def test_what_was_seen_read_or_archived_is_told_with_its_time(client, staff, ada):
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
        for step in client.get(page(ada), {"notice": notice.pk}).context["story"].steps
    }
    copy = Notification.objects.get(notice=notice)
    assert (steps["Seen"].when, steps["Seen"].happened) == (copy.seen, True)
    assert (steps["Read"].when, steps["Read"].happened) == (None, False)
    assert steps["Recalled"].happened


def test_what_was_recalled_unseen_and_what_expired_is_told(client, staff, ada):
    notice = notify.send(to=ada, title="Hello", expires=timezone.now() + timedelta(hours=1))
    sending.recall(notice)
    assert verdict(client, ada, notice) == "It was recalled before ada saw it."
    assert "by whoever may send" in told(client, ada, notice)
    type(notice).objects.update(expires=timezone.now() - timedelta(hours=1))
    assert "it had expired" in told(client, ada, notice)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (None, "It is on its way: the batch of ada is not carried out yet."),
        (sending.pause, "It is paused, and has not reached the inbox of ada."),
        (sending.cancel, "It was cancelled before it reached the inbox of ada."),
        (sending.recall, "It was recalled before it reached the inbox of ada."),
    ],
)
def test_what_is_under_way_or_was_stopped_is_told(  # noqa: PLR0917  (fixtures and parameters)
    client, staff, ada, settings, verb, said
):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = notify.send(to=[ada, *people(2)], title="Hello")
    if verb is not None:
        verb(notice)
    assert verdict(client, ada, notice) == said


def test_the_state_of_a_batch_is_told_in_ones_own_language(client, staff, ada):
    notice = notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=1))
    sending.pause(notice)
    german = {"accept-language": "de"}
    shown = text_of(client.get(page(ada), {"notice": notice.pk}, headers=german))
    assert "„Angehalten“" in shown


def test_what_is_scheduled_is_told(client, staff, ada):
    notice = notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=1))
    assert verdict(client, ada, notice) == "It is scheduled, and not yet sent to ada."
    assert "as it was scheduled" in told(client, ada, notice)


def test_an_account_that_is_not_active_and_a_deleted_copy_are_told(client, staff, ada):
    notice = notify.send(to=ada, title="Hello")
    ada.is_active = False
    ada.save()
    assert "the account of ada is not active" in verdict(client, ada, notice)
    Notification.objects.all().delete()
    assert verdict(client, ada, notice).startswith("ada had it; it was deleted since")


# Ending sessions


def test_all_sessions_of_a_user_end_and_no_others(client, staff, ada):
    allow(staff, "change_user")
    theirs = [new_session(ada).session_key for _ in range(2)]
    notify.send(to=ada, title="Hello")
    window = Client()
    window.cookies["sessionid"] = str(theirs[0])
    assert window.get("/notify/").status_code == 200

    response = client.post(f"{INBOXES}{ada.pk}/end-sessions/", follow=True)

    assert "2 sessions ended." in text_of(response)
    assert window.get("/notify/").status_code == 302
    assert EndedSession.objects.count() == 2
    assert client.get(page(ada)).status_code == 200


def test_whoever_ends_their_own_sessions_is_signed_out(client, staff, settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True  # and what is gone is not saved again
    allow(staff, "change_user")
    response = client.post(f"{INBOXES}{staff.pk}/end-sessions/")
    assert response.status_code == 302
    assert client.get("/notify/").status_code == 302
    assert LogEntry.objects.filter(object_id=str(staff.pk)).count() == 1


def test_sessions_that_cannot_be_listed_are_left_alone(client, staff, ada, settings):
    allow(staff, "change_user")
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    client.force_login(staff)
    response = client.post(f"{INBOXES}{ada.pk}/end-sessions/", follow=True)
    assert "Set another password" in text_of(response)
    assert not EndedSession.objects.exists()


def test_sessions_are_ended_by_post_with_the_token(staff, ada):
    allow(staff, "change_user")
    new_session(ada)
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(staff)
    assert careful.post(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 403
    assert careful.get(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 405
    assert not EndedSession.objects.exists()
