"""The page of a user in the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.test import Client

import notify
from notify import sending
from notify.models import ApiToken, EndedSession, Inbox
from tests.harness.sessions import new_session
from tests.unit.admin.helpers import INBOXES, allow, inbox_page, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


# Permissions


def test_viewing_an_inbox_requires_the_permission(client, make_user, ada):
    notify.send(to=ada, title="Private")
    client.force_login(allow(make_user("staff", is_staff=True), "send_notice", "view_notice"))
    assert client.get(INBOXES).status_code == 403
    assert client.get(inbox_page(ada)).status_code == 403
    assert client.post(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 403


def test_nobody_adds_changes_or_deletes_an_inbox(admin_client, ada):
    notify.send(to=ada, title="Hello")
    assert admin_client.get(f"{INBOXES}add/").status_code == 403
    assert admin_client.post(inbox_page(ada), {"version": 0}).status_code == 405
    assert admin_client.post(f"{INBOXES}{ada.pk}/delete/", {"post": "yes"}).status_code == 403
    response = admin_client.post(
        INBOXES, {"action": "delete_selected", "_selected_action": [ada.pk], "post": "yes"}
    )
    assert response.status_code in {200, 302}
    assert Inbox.objects.filter(pk=ada.pk).exists()


def test_staff_who_may_only_view_end_no_sessions(client, inbox_staff, ada):
    new_session(ada)
    assert "End all sessions" not in client.get(inbox_page(ada)).content.decode()
    assert client.post(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 403
    assert Session.objects.count() == 2


# Pages


def test_the_list_finds_people_by_name(client, inbox_staff, ada, make_user):
    notify.send(to=[ada, make_user("bob")], title="Hello")
    found = client.get(INBOXES, {"q": "ad"}).content.decode()
    assert inbox_page(ada) in found
    assert ">bob<" not in found


def test_the_page_shows_the_inbox_of_a_user(client, inbox_staff, ada):
    notices = [notify.send(to=ada, title=f"Notice {n}") for n in range(3)]
    sending.mark(str(ada.pk), "read", ids=[notices[0].pk])
    sending.mark(str(ada.pk), "archived", ids=[notices[1].pk])
    Inbox.objects.update(opened=4)
    ApiToken.objects.issue(ada, "a program", ["inbox"])
    shown = text_of(client.get(inbox_page(ada)))
    assert shown.index("Notice 2") < shown.index("Notice 1") < shown.index("Notice 0")
    assert "Unread 1" in shown
    assert "Confirmed by devices nothing yet" in shown
    assert "API tokens 1" in shown


def test_a_user_without_an_inbox_has_a_page_too(client, inbox_staff, ada):
    assert "Nothing has arrived yet." in text_of(client.get(inbox_page(ada)))


@pytest.mark.parametrize("key", ["999999", "x", "_0A"])
def test_an_unknown_user_is_404(client, inbox_staff, key):
    assert client.get(f"{INBOXES}{key}/change/").status_code == 404


# Ending sessions


def test_all_sessions_of_a_user_end_and_no_others(client, inbox_staff, ada):
    allow(inbox_staff, "change_user")
    theirs = [new_session(ada).session_key for _ in range(2)]
    notify.send(to=ada, title="Hello")
    window = Client()
    window.cookies["sessionid"] = str(theirs[0])
    assert window.get("/notify/").status_code == 200

    response = client.post(f"{INBOXES}{ada.pk}/end-sessions/", follow=True)

    assert "2 sessions ended." in text_of(response)
    assert window.get("/notify/").status_code == 302
    assert EndedSession.objects.count() == 2
    assert client.get(inbox_page(ada)).status_code == 200


def test_staff_who_end_their_own_sessions_are_signed_out(client, inbox_staff, settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True  # and what is gone is not saved again
    allow(inbox_staff, "change_user")
    response = client.post(f"{INBOXES}{inbox_staff.pk}/end-sessions/")
    assert response.status_code == 302
    assert client.get("/notify/").status_code == 302
    assert LogEntry.objects.filter(object_id=str(inbox_staff.pk)).count() == 1


def test_sessions_that_cannot_be_listed_are_left_alone(client, inbox_staff, ada, settings):
    allow(inbox_staff, "change_user")
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    client.force_login(inbox_staff)
    response = client.post(f"{INBOXES}{ada.pk}/end-sessions/", follow=True)
    assert "Set another password" in text_of(response)
    assert not EndedSession.objects.exists()


def test_ending_sessions_requires_post_with_the_csrf_token(inbox_staff, ada):
    allow(inbox_staff, "change_user")
    new_session(ada)
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(inbox_staff)
    assert careful.post(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 403
    assert careful.get(f"{INBOXES}{ada.pk}/end-sessions/").status_code == 405
    assert not EndedSession.objects.exists()
