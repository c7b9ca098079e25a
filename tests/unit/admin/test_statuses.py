"""The statuses of notices in the list, and its filters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import notify
from notify import sending
from notify.admin import statuses
from notify.models import Batch, Notice
from tests.unit.admin.helpers import LIST, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture
def notices(staff, ada, make_user, settings):
    """One of each status, by its title."""
    settings.NOTIFY_BATCH_SIZE = 1
    two, tomorrow = [ada, make_user("bob")], timezone.now() + timedelta(days=1)
    notify.send(to=ada, title="scheduled", send_at=tomorrow, sender=staff)
    sending.pause(notify.send(to=ada, title="paused", send_at=tomorrow))
    notify.send(to=two, title="sending")
    failed = notify.send(to=two, title="failed")
    Batch.objects.filter(notice=failed).update(attempts=1)
    notify.send(to=ada, title="sent", sender=ada)
    sending.cancel(notify.send(to=two, title="cancelled"))
    sending.recall(notify.send(to=ada, title="recalled"))


def titles(client, **query):
    response = client.get(LIST, query)
    return {notice.title for notice in response.context["cl"].result_list}


@pytest.mark.parametrize(
    "status", ["scheduled", "sending", "paused", "failed", "sent", "cancelled", "recalled"]
)
def test_the_list_is_filtered_by_status(client, notices, status):
    expected = {status} | ({"failed"} if status == "sending" else set())
    assert titles(client, status=status) == expected


def test_what_is_sent_or_paused_can_be_listed_together(client, notices):
    assert titles(client, status="unfinished") == {"sending", "failed", "paused"}


@pytest.mark.postgres
def test_what_is_sent_or_paused_is_found_from_its_batches():
    plan = statuses.having("unfinished", Notice.objects.all()).explain()
    assert "SubPlan" not in plan  # one is tried on every notice


def test_each_status_has_its_label(client, notices):
    page = text_of(client.get(LIST))
    for title, label in (
        ("scheduled", "Scheduled"),
        ("paused", "Paused"),
        ("sending", "Pending"),
        ("failed", "Failed, retrying"),
        ("sent", "Sent"),
        ("cancelled", "Cancelled"),
        ("recalled", "Recalled"),
    ):
        assert f"{title} Info {label} " in page


def test_the_list_is_filtered_by_sender(client, notices):
    assert titles(client, **{"sent-by": "me"}) == {"scheduled"}
    assert titles(client, **{"sent-by": "others"}) == {"sent"}
    everything = titles(client)
    assert titles(client, **{"sent-by": "system"}) == everything - {"scheduled", "sent"}
    assert titles(client, **{"sent-by": "x", "status": "y"}) == everything
