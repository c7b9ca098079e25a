"""What a user wants, in the admin, and its change by staff."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

import notify
from notify.models import Notification, Preference
from tests.unit.admin.helpers import INBOXES, allow, inbox_page, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture
def form_page(ada):
    return f"{INBOXES}{ada.pk}/preferences/"


@pytest.fixture
def support(inbox_staff):
    """Signed in, with the permission to look at inboxes and to change preferences."""
    return allow(inbox_staff, "change_preferences")


def test_the_page_of_a_user_shows_what_they_want(client, inbox_staff, ada, make_user):
    bob = make_user("bob", first_name="Bob", last_name="Ross")
    notify.send(to=ada, title="Hello", actor=bob, category="talk")
    notify.prefer(ada, "category:talk", value=False)
    notify.mute(ada, bob)
    notify.follow(ada, "post:3")
    notify.send(to=ada, title="Quiet", category="talk")
    shown = text_of(client.get(inbox_page(ada)))
    assert "talk Off chosen for the category" in shown
    assert "Everything On default" in shown
    assert "Security On required" in shown
    assert "Password changed On required" in shown
    assert "Bob Ross person" in shown
    assert "for ever" in shown
    assert "Followed post:3" in shown
    assert "filed: not wanted sent to them" in shown
    assert "Change preferences" not in shown


def test_a_filed_notice_says_why(client, inbox_staff, ada):
    notify.mute(ada, "category:talk")
    notice = notify.send(to=ada, title="Quiet", category="talk")
    shown = text_of(client.get(inbox_page(ada), {"notice": notice.pk}))
    assert "It was filed: ada didn't want to be told. It's in the archive." in shown
    assert "sent to them; muted" in shown
    assert "Archived no" in shown  # nobody has done that


def test_changing_requires_its_permission(client, inbox_staff, ada, form_page):
    fields = {"set.inbox.all": "off", "was.inbox.all": ""}
    assert client.get(form_page).status_code == 403
    assert client.post(form_page, fields).status_code == 403
    client.force_login(allow(ada, "change_preferences"))  # but not staff
    assert client.post(form_page, fields).status_code == 302
    assert not Preference.objects.exists()


def test_staff_change_what_they_name_and_the_user_is_told(client, support, ada, form_page):
    notify.prefer(ada, "category:security", value=True)
    assert form_page in client.get(inbox_page(ada)).content.decode()
    form = client.get(form_page)
    assert 'name="set.inbox.all"' in form.content.decode()
    assert "ada will get a notification about your change." in text_of(form)
    fields = {
        "set.inbox.all": "off",
        "was.inbox.all": "",
        "set.inbox.category:security": "on",
        "was.inbox.category:security": "on",
    }
    shown = text_of(client.post(form_page, fields, follow=True))
    assert "Preferences changed. ada has been told." in shown
    assert Preference.objects.get(scope="all").value is False
    [told] = Notification.objects.filter(user=ada)
    assert told.notice.kind == "notify.preferences_changed"
    assert told.place == 0  # it is required: what was turned off does not hide that
    assert "staff" in told.notice.title
    assert told.notice.url == "/notify/preferences/"
    assert "all" in LogEntry.objects.get().change_message


def test_nothing_changed_tells_nobody(client, support, ada, form_page):
    shown = text_of(client.post(form_page, {"set.inbox.all": "", "was.inbox.all": ""}, follow=True))
    assert "Nothing was changed." in shown
    assert not Notification.objects.exists()


def test_staff_who_change_their_own_are_not_told(client, support):
    page = f"{INBOXES}{support.pk}/preferences/"
    assert "will get a notification" not in text_of(client.get(page))
    shown = text_of(client.post(page, {"set.inbox.all": "off"}, follow=True))
    assert "Preferences changed." in shown
    assert "has been told" not in shown
    assert not Notification.objects.exists()


def test_what_cannot_be_chosen_is_400_and_changes_nothing(client, support, ada, form_page):
    fields = {"set.inbox.all": "off", "set.inbox.kind:notify.new_device": "off"}
    assert client.post(form_page, fields).status_code == 400
    assert not Preference.objects.exists()
    assert not Notification.objects.exists()


def test_an_unknown_user_is_404(client, support):
    assert client.get(f"{INBOXES}999999/preferences/").status_code == 404
