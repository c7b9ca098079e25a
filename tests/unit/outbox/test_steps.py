from __future__ import annotations

import pytest

from notify.outbox import steps
from notify.outbox.handing_out import hand_out
from tests.unit.inbox.helpers import people
from tests.unit.outbox.out import declare, due

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("announced")]


def test_a_message_goes_through_all_of_them_in_order(monkeypatch):
    declare()
    reached: list[str] = []
    monkeypatch.setattr(steps, "reached", reached.append)
    [ada] = people(1)
    due(ada)
    hand_out(str(ada.pk), "kept")
    assert tuple(reached) == steps.STEPS


def test_in_production_they_do_nothing():
    assert steps.reached("claimed") is None  # type: ignore[func-returns-value]
