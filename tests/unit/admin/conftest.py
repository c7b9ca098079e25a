from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

import notify
from tests.unit.admin.helpers import allow
from tests.unit.inbox.helpers import people


@pytest.fixture
def queued_notice(settings):
    """A notice for six people in three pending batches."""
    settings.NOTIFY_BATCH_SIZE = 2
    return notify.send(to=people(6), title="To many")


@pytest.fixture
def inbox_staff(make_user: Callable[..., User], client: Client) -> User:
    """Signed in, with the permission to look at inboxes and no other."""
    user = allow(make_user("staff", is_staff=True), "view_inbox")
    client.force_login(user)
    return user
