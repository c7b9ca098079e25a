from __future__ import annotations

import pytest

import notify
from tests.unit.inbox.helpers import people


@pytest.fixture
def queued_notice(settings):
    """A notice for six people in three pending batches."""
    settings.NOTIFY_BATCH_SIZE = 2
    return notify.send(to=people(6), title="To many")
