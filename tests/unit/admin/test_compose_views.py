"""Sending from the admin: the form, the preview of the audience, sending once."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client

from notify.admin import compose_views, confirmation
from notify.models import Notice, Notification
from tests.unit.admin.helpers import ADD, LIST, allow, form, text_of
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

AUDIENCE = f"{LIST}audience/"
ONLINE = f"{LIST}online/"


def test_the_form_has_its_sections_in_order(client, staff):
    response = client.get(ADD)
    legends = [fieldset.name for fieldset in response.context["adminform"]]
    assert [str(name) for name in legends] == [
        "Recipients",
        "Message",
        "Importance",
        "Links",
        "Schedule",
    ]
    assert 'value="Send"' in response.content.decode()


def test_groups_are_offered_where_there_are_any(client, staff):
    assert 'name="groups"' not in client.get(ADD).content.decode()
    Group.objects.create(name="team")
    assert 'name="groups"' in client.get(ADD).content.decode()


def test_a_notice_is_sent_to_people_groups_and_everyone(client, staff, ada, make_user):
    group = Group.objects.create(name="team")
    group.user_set.add(ada, make_user("bob"))

    choices: list[tuple[dict[str, Any], str]] = [
        ({"users": [ada.pk]}, "1 person"),
        ({"groups": [group.pk]}, "2 people"),
        ({"users": [ada.pk], "groups": [group.pk]}, "2 people"),
        ({"everyone": "on", "confirmed": "3"}, "3 people"),
    ]
    for to, expected in choices:
        response = client.post(ADD, form(form_key=f"for {to}", **to), follow=True)
        assert f"Sending to {expected}." in text_of(response)
        assert response.redirect_chain[0][0].endswith("/change/")

    assert Notification.objects.filter(user=ada).count() == 4


def test_all_fields_reach_the_notice(client, staff, ada):
    client.post(
        ADD,
        form(
            users=[ada.pk],
            body="B",
            level="warning",
            category="c",
            url="/x/",
            expires_0="2031-01-01",
            expires_1="09:00:00",
        ),
    )
    notice = Notice.objects.get()
    said = ("title", "body", "level", "category", "url", "sender", "actor")
    assert [getattr(notice, name) for name in said] == [
        "Hello",
        "B",
        "warning",
        "c",
        "/x/",
        f"user:{staff.pk}",
        None,
    ]
    assert notice.expires
    assert notice.expires.year == 2031


def test_a_scheduled_notice_says_so(client, staff, ada):
    response = client.post(
        ADD, form(users=[ada.pk], send_at_0="2031-01-01", send_at_1="09:00:00"), follow=True
    )
    assert "Scheduled for 1 person." in text_of(response)
    assert not Notification.objects.exists()


def test_a_double_click_sends_once_and_says_so(client, staff, ada):
    client.post(ADD, form(users=[ada.pk]))
    response = client.post(ADD, form(users=[ada.pk]), follow=True)
    assert "Already sent to 1 person." in text_of(response)
    assert Notice.objects.count() == 1
    assert Notification.objects.count() == 1
    assert LogEntry.objects.count() == 1


def test_the_audience_is_counted_while_the_form_is_filled_in(client, staff, make_user):
    people(12)
    make_user("ada", first_name="Ada", last_name="Lovelace")
    shown = client.post(AUDIENCE, form(everyone="on", title="")).json()
    assert (shown["count"], shown["people"]) == (14, "14 people")
    assert shown["sample"][0] == "ada (Ada Lovelace)"
    assert (len(shown["sample"]), shown["others"]) == (10, "4")
    assert shown["send"] == "Send to 14 people"
    assert shown["facts"] == "1 staff member"

    shown = client.post(AUDIENCE, {"usernames": "ada\nnobody"}).json()  # nothing else is needed
    assert (shown["count"], shown["errors"]) == (0, ["1 unknown username: nobody"])
    assert client.post(AUDIENCE, form()).json()["count"] == 0
    assert not Notice.objects.exists()


def test_people_who_cannot_be_counted_in_time_are_said_so_and_still_sent_to(
    client, staff, make_user, monkeypatch
):
    for module in (compose_views, confirmation):
        monkeypatch.setattr(module, "sample_audience", lambda to: None)
    make_user("ada")
    assert client.post(AUDIENCE, form(everyone="on")).status_code == 503
    asked = text_of(client.post(ADD, form(everyone="on")))
    assert "Sends to 2 people now" in asked


def test_counting_the_audience_requires_post_and_the_permission_to_send(client, staff, make_user):
    assert client.get(AUDIENCE, form(everyone="on")).status_code == 403
    client.force_login(make_user("other", is_staff=True))
    assert client.post(AUDIENCE, form(everyone="on")).status_code == 403


def test_who_of_them_is_online_is_for_those_who_may_see_live_operations(client, staff, monkeypatch):
    monkeypatch.setattr(compose_views, "online_text", lambda to: f"{len(to)} asked about")
    assert "notify-among-online" not in client.get(ADD).content.decode()
    assert client.post(ONLINE, {"everyone": "on"}).status_code == 403
    client.force_login(allow(staff, "view_operations"))
    assert "notify-among-online" in client.get(ADD).content.decode()
    assert client.get(ONLINE).status_code == 403
    assert client.post(ONLINE, {"everyone": "on"}).json() == {"text": "1 asked about"}
    assert client.post(ONLINE, {"usernames": "nobody"}).json() == {"text": ""}


def test_who_may_see_live_operations_and_not_send_is_told_nothing(client, staff, make_user):
    client.force_login(allow(make_user("other", is_staff=True), "view_operations"))
    assert client.post(ONLINE, {"everyone": "on"}).status_code == 403


def test_the_summary_says_when_they_get_it_and_by_which_clock(client, staff, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    to = {"everyone": "on"}
    now = client.post(AUDIENCE, to).json()["when"]
    assert now == "Goes out ten seconds after you send it."
    at = {"send_at_0": "2031-01-02", "send_at_1": "09:05:00"}
    later = "Goes out on 2 Jan 2031, 09:05 (Europe/Berlin), at the same moment in every time zone."
    assert client.post(AUDIENCE, to | at).json()["when"] == later
    assert client.post(AUDIENCE, to | {"send_at_0": "x"}).json()["when"] == ""
    asked = text_of(client.post(ADD, form(**to, **at)))
    assert (
        f"Sends to 1 person later: their inboxes and any open windows. That's everyone. {later}"
        in asked
    )


@pytest.mark.parametrize("path", [ADD, AUDIENCE, ONLINE])
def test_a_post_without_the_csrf_token_is_refused(staff, path):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(staff)
    assert careful.post(path, form(everyone="on")).status_code == 403
    assert not Notice.objects.exists()
