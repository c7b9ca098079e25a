"""The list of notices, of a window of time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import notify
from notify.models import Notice
from tests.unit.admin.helpers import LIST, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture
def noon(staff, ada):
    """A moment; of three notices one was sent at it, and one, written before, was due at it."""
    noon = (timezone.now() - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    for title, created, send_at in (
        ("before", noon - timedelta(seconds=1), None),
        ("at noon", noon, None),
        ("due at noon", noon - timedelta(hours=1), noon + timedelta(seconds=9)),
        ("after", noon + timedelta(seconds=10), None),
    ):
        notice = notify.send(to=ada, title=title)
        Notice.objects.filter(pk=notice.pk).update(created=created, send_at=send_at)
    return noon


def found(client, **query):
    answer = client.get(LIST, query, follow=True)
    return {notice.title for notice in answer.context["cl"].result_list}


def test_notices_of_a_window(client, noon):
    window = {
        "sent_from": noon.isoformat().replace("+00:00", "Z"),
        "sent_to": (noon + timedelta(seconds=10)).isoformat(),
    }
    assert found(client, **window) == {"at noon", "due at noon"}
    assert found(client, sent_from=window["sent_from"]) == {"at noon", "due at noon", "after"}
    assert found(client, sent_to=window["sent_from"]) == {"before"}
    assert len(found(client)) == 4


def test_the_list_says_which_window_and_leads_out_of_it(client, noon):
    plain = client.get(LIST)
    assert "time sent" not in text_of(plain)
    shown = client.get(LIST, {"sent_from": "2026-12-01T14:02:00", "level": "info"})
    assert "12/01/2026 14:02:00 " in text_of(shown)
    assert 'href="?level=info"' in shown.content.decode()


@pytest.mark.parametrize(
    "nonsense", ["", "noon", "2026-13-01T00:00:00", "0001-01-01T00:00:00+14:00", "\0"]
)
def test_nonsense_is_ignored(client, noon, nonsense):
    answer = client.get(LIST, {"sent_from": nonsense}, follow=True)
    assert answer.status_code == 200
    assert len(answer.context["cl"].result_list) == 4
