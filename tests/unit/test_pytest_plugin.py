from __future__ import annotations

from django.contrib.auth.models import User

import notify
from notify.models import Notification


def test_what_a_test_sends_is_there_at_once_with_the_fixture(
    ada: User, silent: None, notify_immediate_delivery: None
) -> None:
    notify.send(to=ada, title="T")
    assert Notification.objects.get().notice.title == "T"


def test_without_it_a_test_in_a_transaction_waits_for_the_commit(ada: User, silent: None) -> None:
    notify.send(to=ada, title="T")
    assert not Notification.objects.exists()
