from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.utils import timezone

import notify
from notify import sending
from notify.models import Notice
from tests.unit.management.commands.helpers import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_pruning_deletes_old_notifications_in_a_state(make_user):
    ada = make_user("ada")
    old_read, old_unread, new = (notify.send(to=ada, title=t) for t in ("r", "u", "n"))
    sending.mark(str(ada.pk), "read", ids=[old_read.pk, new.pk])
    Notice.objects.exclude(pk=new.pk).update(created=timezone.now() - timedelta(days=10))

    printed = run("notify_prune", "--older-than", "7d", "--state", "read")

    assert "Deleted 1 notifications, 1 notices" in printed
    assert set(Notice.objects.values_list("pk", flat=True)) == {old_unread.pk, new.pk}
    run("notify_prune", "--older-than", "7d")
    assert list(Notice.objects.values_list("pk", flat=True)) == [new.pk]


@pytest.mark.parametrize("wrong", ["", "7", "0d", "7w", "-1d"])
def test_pruning_requires_a_duration(wrong):
    with pytest.raises(CommandError):
        run("notify_prune", f"--older-than={wrong}")
