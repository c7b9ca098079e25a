"""Who paused, cancelled or recalled a notice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import notify
from notify import sending
from notify.admin.intervention import recalled_by, stopped_text
from notify.models import Notice
from tests.unit.admin.helpers import LIST, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def stopped(notice):
    return stopped_text(Notice.objects.get(pk=notice.pk))


def test_the_notice_says_who_stopped_it(queued_notice, ada):
    assert stopped(queued_notice) == ""
    sending.pause(queued_notice, by=ada)
    assert stopped(queued_notice).endswith(", by ada")
    sending.resume(queued_notice)
    assert stopped(queued_notice) == ""
    sending.cancel(queued_notice)
    assert stopped(queued_notice)
    assert "by" not in stopped(queued_notice)
    sending.recall(queued_notice, by=ada)
    assert stopped(queued_notice).endswith(", by ada")


def test_an_expired_notice_says_so(ada):
    notice = notify.send(to=ada, title="Hello", expires=timezone.now() + timedelta(hours=1))
    Notice.objects.update(expires=timezone.now() - timedelta(hours=1))
    sending.recall_expired()
    assert recalled_by(Notice.objects.get(pk=notice.pk)) == "it had expired"


def test_its_page_says_so_too(client, staff, queued_notice):
    client.post(f"{LIST}{queued_notice.pk}/pause/")
    assert f", by {staff.username}" in text_of(client.get(f"{LIST}{queued_notice.pk}/change/"))
    told = client.get(f"{LIST}{queued_notice.pk}/progress/").json()
    assert told["stopped"].endswith(f", by {staff.username}")
