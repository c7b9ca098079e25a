from __future__ import annotations

import pytest

import notify
from notify.inbox import reading
from tests.unit.management.commands.helpers import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_after_a_restore_every_inbox_has_a_new_epoch(make_user):
    ada, bob = make_user("ada"), make_user("bob")
    notify.send(to=[ada, bob], title="T")
    before = reading.heads([str(ada.pk), str(bob.pk)])
    assert "2 inboxes" in run("notify_restored")
    after = reading.heads([str(ada.pk), str(bob.pk)])
    assert {u: h.version for u, h in before.items()} == {u: h.version for u, h in after.items()}
    assert all(before[user].epoch != after[user].epoch for user in before)
