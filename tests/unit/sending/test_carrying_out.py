from __future__ import annotations

import pytest

import notify
from notify import sending
from notify.models import Batch
from tests.unit.inbox.helpers import inbox_of, something_is_due

pytestmark = pytest.mark.django_db


def test_carrying_out_returns_whether_there_was_anything_to_do(ada):
    notify.send(to=ada, title="Hello")
    batch = Batch.objects.get()
    assert sending.carry_out(batch.pk) is True
    assert sending.carry_out(batch.pk) is False
    assert inbox_of(ada).version == 1
    assert not something_is_due()
