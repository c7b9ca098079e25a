from __future__ import annotations

import pytest

from notify import sending
from notify.inbox.progress import progress
from tests.unit.inbox.helpers import (
    deliver,
)

pytestmark = pytest.mark.django_db


def test_progress_counts_the_recipients_by_state(ada, bob, settings):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = deliver([ada, bob])
    assert progress(notice.pk) == {
        "status": "pending",
        "recipients": 2,
        "appended": 0,
        "skipped": 0,
        "cancelled": 0,
        "batches": 2,
        "batches_open": 2,
    }
    sending.carry_out_next()
    found = progress(notice.pk)
    assert (found["status"], found["appended"]) == ("sending", 1)
    sending.carry_out_next()
    assert progress(notice.pk)["status"] == "sent"
    assert progress(10**15) is None
