"""Writing a notice in the admin: whom it is for, being asked first, and sending it once."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from notify import sending
from notify.admin import composer
from notify.admin.composing import MAX_FILE_BYTES, names_in
from notify.exceptions import Busy
from notify.models import Batch, Notice, Notification
from tests.unit.admin.world import ADD, LIST, allow, errors_of, form, text_of
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

AUDIENCE = f"{LIST}audience/"


def hidden_fields(response):
    """What the page's form would send, without a button."""
    fields = dict(response.context["fields"]) | {"confirmed": response.context["count"]}
    if response.context.get("twin"):
        fields["again"] = response.context["twin"].pk
    return fields


# Whom it is for


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ada\nbob\n\n bob ", ["ada", "bob"]),
        ("ada, bob", ["ada", "bob"]),
        ("ada;bob", ["ada", "bob"]),
        ('"ada","o""neil"', ["ada", 'o"neil']),
        ("Name,Username\nAda L.,ada\nBob,bob\nshort", ["ada", "bob"]),
        ("", []),
    ],
)
def test_usernames_are_lines_or_csv_or_a_column(text, names):
    assert names_in(text) == names


def test_pasted_and_uploaded_usernames_are_sent_to(client, staff, make_user):
    for name in ("ada", "bob", "cleo"):
        make_user(name)
    file = SimpleUploadedFile("crew.csv", b"\xef\xbb\xbfusername,age\nbob,3\ncleo,4\n")
    response = client.post(ADD, form(usernames="ada", usernames_file=file), follow=True)
    assert "Sent to 3 people." in text_of(response)


def test_an_unknown_username_sends_to_nobody_and_is_named(client, staff, make_user):
    make_user("ada")
    response = client.post(ADD, form(usernames="ada\nnobody\nnone"))
    assert errors_of(response) == {"usernames": ["2 are unknown: nobody, none"]}
    assert not Notice.objects.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a" * (MAX_FILE_BYTES + 1)])
def test_a_file_that_is_no_text_or_too_big_is_refused(client, staff, content):
    file = SimpleUploadedFile("names.csv", content)
    response = client.post(ADD, form(usernames="staff", usernames_file=file))
    assert list(errors_of(response)) == ["usernames_file"]
    assert not Notice.objects.exists()


def test_whoever_has_a_permission_is_sent_to(client, staff, make_user):
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


def test_two_permissions_are_two_notices_and_one_key_is_one(client, staff):
    allow(staff, "view_operations")
    keys = Permission.objects.filter(codename__in=["view_operations", "send_notice"])
    first, second = keys.values_list("pk", flat=True)
    client.post(ADD, form(permission=first))
    response = client.post(ADD, form(permission=second))
    assert "said something else" in text_of(response)
    assert Notice.objects.count() == 1


def test_buttons_are_sent_and_a_wrong_one_is_said_at_its_field(client, staff):
    buttons = {"action_1_label": "Open", "action_1_url": "/a/", "action_2_label": "No link"}
    response = client.post(ADD, form(usernames="staff", **buttons))
    assert list(errors_of(response)) == ["action_1_url"]
    client.post(ADD, form(usernames="staff", **buttons, action_2_url="https://example.org/"))
    assert Notice.objects.get().actions == [
        {"label": "Open", "url": "/a/"},
        {"label": "No link", "url": "https://example.org/"},
    ]


def test_the_number_and_a_sample_are_told_while_one_writes(client, staff, make_user):
    people(12)
    make_user("ada", first_name="Ada", last_name="Lovelace")
    told = client.post(AUDIENCE, form(everyone="on", title="")).json()
    assert (told["count"], told["people"]) == (14, "14 people")
    assert told["sample"][0] == "ada (Ada Lovelace)"
    assert (len(told["sample"]), told["others"]) == (10, "4")
    assert told["send"] == "Send to 14 people"

    told = client.post(AUDIENCE, {"usernames": "ada\nnobody"}).json()  # nothing else is needed
    assert (told["count"], told["errors"]) == (0, ["1 is unknown: nobody"])
    assert client.post(AUDIENCE, form()).json()["count"] == 0
    assert not Notice.objects.exists()


def test_the_number_is_for_those_who_may_send_and_by_post_only(client, staff, make_user):
    assert client.get(AUDIENCE, form(everyone="on")).status_code == 403
    client.force_login(make_user("other", is_staff=True))
    assert client.post(AUDIENCE, form(everyone="on")).status_code == 403


@pytest.mark.parametrize("path", [ADD, AUDIENCE])
def test_a_post_without_the_token_is_refused(staff, path):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(staff)
    assert careful.post(path, form(everyone="on")).status_code == 403
    assert not Notice.objects.exists()


def test_the_form_is_german_to_a_german(client, staff):
    page = text_of(client.get(ADD, headers={"accept-language": "de"}))
    assert "Benutzernamen" in page
    assert "Aktive Benutzer, die sie selbst oder durch eine Gruppe haben" in page
    assert "noch niemanden" in page


# Being asked first


def test_above_100_people_the_number_is_confirmed_first(client, staff):
    people(100)
    response = client.post(ADD, form(everyone="on", body="B", level="critical"))
    assert "Send to 101 people?" in text_of(response)
    assert 'value="Send to 101 people"' in response.content.decode()
    assert not Notice.objects.exists()
    assert not Batch.objects.exists()

    response = client.post(ADD, hidden_fields(response), follow=True)
    assert "Sent to 101 people." in text_of(response)
    assert (Notice.objects.get().body, Notice.objects.get().level) == ("B", "critical")


def test_what_was_confirmed_comes_back_without_separators(client, staff, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    people(1000)
    asked = client.post(ADD, form(everyone="on"))
    assert "1,001 people" in text_of(asked)
    assert "multipart/form-data" in asked.content.decode()  # as long as the form before it
    client.post(ADD, hidden_fields(asked))
    assert Notification.objects.count() == 1001


def test_100_people_are_not_asked_about(client, staff):
    people(99)
    client.post(ADD, form(everyone="on"))
    assert Notification.objects.count() == 100


def test_it_is_asked_again_where_the_audience_has_grown(client, staff):
    people(150)
    asked = client.post(ADD, form(everyone="on"))
    people(1, "one-more")
    fields = hidden_fields(asked)
    people(20, "many-more")
    again = client.post(ADD, fields)
    assert "Send to 172 people?" in text_of(again)
    client.post(ADD, hidden_fields(again))
    assert Notification.objects.count() == 172


@pytest.mark.parametrize("confirmed", ["", "x", "-5", "9" * 30, "50"])
def test_a_confirmation_of_something_else_is_none(client, staff, confirmed):
    people(150)
    response = client.post(ADD, form(everyone="on", confirmed=confirmed))
    assert "Send to 151 people?" in text_of(response)
    assert not Notice.objects.exists()


def test_what_cannot_be_sent_is_said_before_the_number_is_confirmed(client, staff):
    people(100)
    response = client.post(ADD, form(everyone="on", url="javascript:1"))
    assert list(errors_of(response)) == ["url"]


def test_a_dry_run_tells_and_sends_nothing(client, staff, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    people(4)
    response = client.post(ADD, form(everyone="on", _dry_run="Dry run"))
    page = text_of(response)
    assert "Dry run: nothing was sent" in page
    assert "5 people , in 3 batches" in page
    assert not Notice.objects.exists()
    assert not Batch.objects.exists()
    assert not Notification.objects.exists()
    # The key is not spent.
    assert "Sent to 5 people." in text_of(client.post(ADD, hidden_fields(response), follow=True))


def test_a_dry_run_says_what_sending_would_refuse(client, staff):
    response = client.post(ADD, form(usernames="staff", url="javascript:1", _dry_run="Dry run"))
    assert list(errors_of(response)) == ["url"]


def test_going_on_writing_brings_the_form_back_as_it_was(client, staff):
    response = client.post(ADD, form(usernames="staff", title="Unfinished", _edit="Go on"))
    assert response.status_code == 200
    assert "Unfinished" in response.content.decode()
    assert errors_of(response) == {}
    assert not Notice.objects.exists()


# Once


def test_a_reload_of_the_confirmed_form_sends_once(client, staff):
    people(150)
    fields = hidden_fields(client.post(ADD, form(everyone="on")))
    client.post(ADD, fields)
    response = client.post(ADD, fields | {"confirmed": ""}, follow=True)
    assert "This was sent already, to 151 people." in text_of(response)
    assert Notice.objects.count() == 1


def test_the_same_by_somebody_else_a_moment_later_is_asked_about(client, staff, make_user):
    client.post(ADD, form(usernames="staff", body="B"))
    other = Client()
    other.force_login(allow(make_user("other", is_staff=True), "send_notice"))

    response = other.post(ADD, form(form_key="k2", usernames="staff", body="B"))

    assert "staff has sent exactly this, to the same people" in text_of(response)
    assert Notice.objects.count() == 1
    assert "Sent to 1 person." in text_of(other.post(ADD, hidden_fields(response), follow=True))
    assert Notice.objects.count() == 2


@pytest.mark.parametrize("change", [{"body": "Other"}, {"usernames": "other"}])
def test_something_else_or_to_somebody_else_is_not_asked_about(client, staff, make_user, change):
    make_user("other")
    client.post(ADD, form(usernames="staff", body="B"))
    client.post(ADD, form(form_key="k2", usernames="staff", body="B") | change)
    assert Notice.objects.count() == 2


def test_the_same_ten_minutes_later_is_not_asked_about(client, staff):
    client.post(ADD, form(usernames="staff"))
    Notice.objects.update(created=timezone.now() - composer.TWIN_WITHIN * 1.1)
    client.post(ADD, form(form_key="k2", usernames="staff"))
    assert Notice.objects.count() == 2


def test_what_others_lock_out_is_said_on_the_form(client, staff, monkeypatch):
    def busy(**said):
        raise Busy("Others have its tables locked. Try again.")

    monkeypatch.setattr(sending, "send", busy)
    response = client.post(ADD, form(usernames="staff"))
    assert errors_of(response)["__all__"] == ["Others have its tables locked. Try again."]
    assert not Notice.objects.exists()
