"""The compose form: its fields, and the errors that it shows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from notify import sending
from notify.admin.usernames import MAX_FILE_BYTES
from notify.exceptions import Busy, EmptyAudience
from notify.models import Notice, Notification
from tests.unit.admin.helpers import ADD, allow, errors_of, form, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_each_form_has_its_own_key(client, staff):
    pages = [client.get(ADD).content.decode() for _ in range(2)]
    keys = {key for page in pages for key in re.findall(r'name="form_key" value="([^"]+)"', page)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"users": []}, "users"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"body": "x" * 4001}, "body"),
        ({"level": "loud"}, "level"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"expires_0": "2001-01-01", "expires_1": "09:00"}, "expires"),
        ({"users": ["999999"]}, "users"),
    ],
)
def test_an_invalid_value_is_reported_at_its_field(client, staff, ada, change, field):
    response = client.post(ADD, form(users=[ada.pk]) | change)
    assert response.status_code == 200
    assert list(errors_of(response)) == [field]
    assert not Notice.objects.exists()


def test_an_expiry_before_now_is_refused_before_anything_is_written(client, staff, ada):
    past = timezone.now() - timedelta(days=1)
    response = client.post(
        ADD, form(users=[ada.pk], expires_0=past.date().isoformat(), expires_1="00:00")
    )
    assert "Choose a time after the notice is sent." in text_of(response)


def test_all_errors_are_told_at_once(client, staff):
    wrong = {"usernames": "ghost", "url": "javascript:1", "category": "\u200b", "title": "\u200b"}
    response = client.post(ADD, form(**wrong, action_1_url="/a/"))
    assert set(errors_of(response)) == {*wrong, "action_1_label"}


def test_a_group_without_members_is_an_empty_audience(client, staff):
    group = Group.objects.create(name="empty")
    response = client.post(ADD, form(groups=[group.pk]))
    assert list(errors_of(response)) == ["users"]
    assert "This reaches nobody." in text_of(response)


def test_an_error_of_send_is_shown_in_the_form(client, staff, ada, monkeypatch):
    def refuse(**kwargs):
        raise EmptyAudience("all of them have left.")

    monkeypatch.setattr(sending, "send", refuse)
    response = client.post(ADD, form(users=[ada.pk]))
    assert errors_of(response) == {"users": ["all of them have left."]}


def test_a_form_that_was_sent_and_then_edited_is_refused_and_kept(client, staff, ada):
    client.post(ADD, form(users=[ada.pk]))
    response = client.post(ADD, form(users=[ada.pk], title="Edited"))
    assert response.status_code == 200
    assert "was already used to send notice" in text_of(response)
    assert "Edited" in response.content.decode()
    assert Notice.objects.count() == 1


def test_a_locked_database_is_reported_on_the_form(client, staff, monkeypatch):
    def busy(**said):
        raise Busy("Others have its tables locked. Try again.")

    monkeypatch.setattr(sending, "send", busy)
    response = client.post(ADD, form(usernames="staff"))
    assert errors_of(response)["__all__"] == ["Others have its tables locked. Try again."]
    assert not Notice.objects.exists()


def test_an_unknown_username_sends_to_nobody_and_is_named(client, staff, make_user):
    make_user("ada")
    response = client.post(ADD, form(usernames="ada\nnobody\nnone"))
    assert errors_of(response) == {"usernames": ["2 unknown usernames: nobody, none"]}
    assert not Notice.objects.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * (MAX_FILE_BYTES + 1)])
def test_a_file_that_is_not_text_or_too_big_is_refused(client, staff, content):
    file = SimpleUploadedFile("names.csv", content)
    response = client.post(ADD, form(usernames="staff", usernames_file=file))
    assert list(errors_of(response)) == ["usernames_file"]
    assert not Notice.objects.exists()


def test_a_permission_names_everybody_who_has_it(client, staff, make_user):
    may = Permission.objects.get(codename="view_operations")
    group = Group.objects.create(name="ops")
    group.permissions.add(may)
    group.user_set.add(make_user("ada"), make_user("asleep", is_active=False))
    allow(make_user("bob"), "view_operations")
    make_user("root", is_superuser=True)
    make_user("eve")
    client.post(ADD, form(permission=may.pk))
    got = Notification.objects.values_list("user__username", flat=True)
    assert sorted(got) == ["ada", "bob", "root"]


def test_another_permission_with_the_same_key_is_refused(client, staff):
    allow(staff, "view_operations")
    keys = Permission.objects.filter(codename__in=["view_operations", "send_notice"])
    first, second = keys.values_list("pk", flat=True)
    client.post(ADD, form(permission=first))
    response = client.post(ADD, form(permission=second))
    assert "was already used to send notice" in text_of(response)
    assert Notice.objects.count() == 1


def test_buttons_are_sent_and_a_wrong_one_is_reported_at_its_field(client, staff):
    buttons = {"action_1_label": "Open", "action_1_url": "/a/", "action_2_label": "No link"}
    response = client.post(ADD, form(usernames="staff", **buttons))
    assert list(errors_of(response)) == ["action_2_url"]
    client.post(ADD, form(usernames="staff", **buttons, action_2_url="https://example.org/"))
    assert Notice.objects.get().actions == [
        {"label": "Open", "url": "/a/"},
        {"label": "No link", "url": "https://example.org/"},
    ]


def test_the_form_is_translated(client, staff):
    page = text_of(client.get(ADD, headers={"accept-language": "de"}))
    assert "Benutzernamen" in page
    assert "Aktive Benutzer mit dieser Berechtigung" in page
    assert "Noch keine Empfänger" in page
