from __future__ import annotations

import pytest

from notify.outbox import tasks
from tests.unit.inbox.helpers import people
from tests.unit.outbox.out import Kept, declare, sent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]


def test_a_task_hands_out_what_is_due():
    declare()
    sent(people(3))
    tasks.hand_out_due.enqueue()
    assert len(Kept.handed) == 3
    assert tasks.hand_out_due.call() == 0
