"""A process whose clock is wrong: what is stored is of the database's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from notify import sending
from notify.inbox import retention
from notify.models import Notification
from tests.harness.server import manage
from tests.unit.inbox.helpers import deliver

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
KEEP = timedelta(days=90)


@pytest.fixture(autouse=True)
def _who_has_an_inbox(make_user: Callable[..., User]) -> None:
    deliver(make_user("ada"))


def send_by_a_clock_that_is(offset: str, *options: str) -> None:
    assert LIBRARIES, "libfaketime is not installed (apt install faketime)"
    manage(
        *("notify_send", "--to", "ada", "--title", "By another clock", *options),
        LD_PRELOAD=str(LIBRARIES[0]),
        FAKETIME=offset,
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )


@pytest.mark.parametrize("offset", ["-100d", "+100d"])
def test_what_it_sends_is_kept_as_long_as_what_others_send(offset: str) -> None:
    send_by_a_clock_that_is(offset)
    [copy] = Notification.objects.filter(notice__title="By another clock")
    assert abs(copy.notice.created - timezone.now()) < timedelta(minutes=5)
    retention.prune(KEEP, announce=lambda change: None, pause_s=0)
    assert Notification.objects.filter(pk=copy.pk).exists()


@pytest.mark.parametrize("offset", ["-100d", "+100d"])
def test_what_it_sends_for_a_week_expires_after_a_week(offset: str) -> None:
    send_by_a_clock_that_is(offset, "--expires-in", "7d")
    [copy] = Notification.objects.filter(notice__title="By another clock")
    assert abs(copy.notice.expires - timezone.now() - timedelta(days=7)) < timedelta(minutes=5)
    assert sending.recall_expired() == (0, 0)
