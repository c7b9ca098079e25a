"""Sends that are held back: many recipients, duplicates, dry runs."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from notify.admin.confirmation import DUPLICATE_WITHIN
from notify.models import Batch, Notice, Notification
from tests.unit.admin.helpers import ADD, allow, errors_of, form, text_of
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def hidden_fields(response):
    """The hidden fields that the confirmation form submits."""
    fields = dict(response.context["fields"]) | {"confirmed": response.context["count"]}
    if response.context.get("twin"):
        fields["again"] = response.context["twin"].pk
    return fields


# Confirming the number of recipients


def test_above_100_people_the_number_is_confirmed_first(client, staff):
    people(100)
    response = client.post(ADD, form(everyone="on", body="B", level="critical"))
    assert "Send to 101 people?" in text_of(response)
    assert 'value="Send to 101 people"' in response.content.decode()
    assert not Notice.objects.exists()
    assert not Batch.objects.exists()

    response = client.post(ADD, hidden_fields(response), follow=True)
    assert "Sending to 101 people." in text_of(response)
    assert (Notice.objects.get().body, Notice.objects.get().level) == ("B", "critical")


def test_the_confirmed_number_has_no_separators(client, staff, settings):
    settings.USE_THOUSAND_SEPARATOR = True
    people(1000)
    asked = client.post(ADD, form(everyone="on"))
    assert "1,001 people" in text_of(asked)
    assert "multipart/form-data" in asked.content.decode()  # as long as the form before it
    client.post(ADD, hidden_fields(asked))
    assert Notification.objects.count() == 1001


def test_100_people_need_no_confirmation(client, staff):
    names = "\n".join(user.get_username() for user in people(100))
    client.post(ADD, form(usernames=names))
    assert Notification.objects.count() == 100


@pytest.mark.parametrize(
    "change",
    [{"everyone": "on"}, {"usernames": "staff", "level": "critical"}, {"_ask": "", "users": []}],
)
def test_everyone_and_critical_are_confirmed_however_few_there_are(client, staff, change):
    asked = client.post(ADD, form(usernames="staff") | change)
    assert "Send to 1 person?" in text_of(asked)
    assert not Notice.objects.exists()
    client.post(ADD, hidden_fields(asked))
    assert Notification.objects.count() == 1


def test_it_is_confirmed_again_if_the_audience_has_grown(client, staff):
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
def test_a_confirmation_of_another_number_does_not_count(client, staff, confirmed):
    people(150)
    response = client.post(ADD, form(everyone="on", confirmed=confirmed))
    assert "Send to 151 people?" in text_of(response)
    assert not Notice.objects.exists()


def test_an_invalid_notice_is_refused_before_the_confirmation(client, staff):
    people(100)
    response = client.post(ADD, form(everyone="on", url="javascript:1"))
    assert list(errors_of(response)) == ["url"]


def test_a_reload_of_the_confirmed_form_sends_once(client, staff):
    people(150)
    fields = hidden_fields(client.post(ADD, form(everyone="on")))
    client.post(ADD, fields)
    response = client.post(ADD, fields | {"confirmed": ""}, follow=True)
    assert "Already sent to 151 people." in text_of(response)
    assert Notice.objects.count() == 1


# Dry runs


def test_a_dry_run_reports_and_sends_nothing(client, staff, settings):
    settings.NOTIFY_BATCH_SIZE = 2
    people(4)
    response = client.post(ADD, form(everyone="on", _dry_run="Dry run"))
    page = text_of(response)
    assert "Dry run: nothing was sent" in page
    assert "5 people in 3 batches" in page
    assert not Notice.objects.exists()
    assert not Batch.objects.exists()
    assert not Notification.objects.exists()
    # The key is not spent.
    assert "Sending to 5 people." in text_of(client.post(ADD, hidden_fields(response), follow=True))


def test_a_dry_run_reports_what_send_would_refuse(client, staff):
    response = client.post(ADD, form(usernames="staff", url="javascript:1", _dry_run="Dry run"))
    assert list(errors_of(response)) == ["url"]


def test_edit_redisplays_the_form_unchanged(client, staff):
    response = client.post(ADD, form(usernames="staff", title="Unfinished", _edit="Go on"))
    assert response.status_code == 200
    assert "Unfinished" in response.content.decode()
    assert errors_of(response) == {}
    assert not Notice.objects.exists()


# Duplicates


def test_a_recent_duplicate_by_somebody_else_needs_confirmation(client, staff, make_user):
    client.post(ADD, form(usernames="staff", body="B"))
    other = Client()
    other.force_login(allow(make_user("other", is_staff=True), "send_notice"))

    response = other.post(ADD, form(form_key="k2", usernames="staff", body="B"))

    assert "staff sent this same notice to the same people at" in text_of(response)
    assert Notice.objects.count() == 1
    assert "Sending to 1 person." in text_of(other.post(ADD, hidden_fields(response), follow=True))
    assert Notice.objects.count() == 2


@pytest.mark.parametrize("change", [{"body": "Other"}, {"usernames": "other"}])
def test_other_content_or_another_audience_is_no_duplicate(client, staff, make_user, change):
    make_user("other")
    client.post(ADD, form(usernames="staff", body="B"))
    client.post(ADD, form(form_key="k2", usernames="staff", body="B") | change)
    assert Notice.objects.count() == 2


def test_after_ten_minutes_it_is_no_duplicate(client, staff):
    client.post(ADD, form(usernames="staff"))
    Notice.objects.update(created=timezone.now() - DUPLICATE_WITHIN * 1.1)
    client.post(ADD, form(form_key="k2", usernames="staff"))
    assert Notice.objects.count() == 2
