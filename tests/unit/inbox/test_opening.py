from __future__ import annotations

import pytest

from notify.inbox import marking
from notify.models import Inbox
from tests.unit.inbox.helpers import (
    counts,
    deliver,
    inbox_of,
    key,
    people,
)

pytestmark = pytest.mark.django_db


def test_missing_inboxes_are_made(announced):
    users = people(3)
    deliver(users[1])

    deliver(users)

    assert [inbox_of(user).version for user in users] == [1, 2, 1]
    epochs = set(Inbox.objects.values_list("epoch", flat=True))
    assert len(epochs) == 2  # one for each statement
    assert {len(epoch) for epoch in epochs} == {16}


def test_a_first_mark_makes_the_inbox(ada):
    assert marking.mark_ids(key(ada), "read", [1]) == (0, None)
    assert counts(ada) == (0, 0)
