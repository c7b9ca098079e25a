"""What waits to leave the browser, after the database was restored."""

from __future__ import annotations

import pytest
from django.utils import timezone

from notify.inbox import outgoing
from notify.models import Batch, Message, OutboxItem
from tests.unit.inbox.helpers import deliver_many, people

pytestmark = pytest.mark.django_db


def test_nothing_that_waited_goes_out_after_a_restore(ada):
    notices, now = deliver_many(ada, 5), timezone.now()
    states = ("claimed", "sending", "handed")
    claimed, sending, handed = (
        Message.objects.create(user=ada, channel="email", state=state, created=now, lease=now)
        for state in states
    )
    for notice, state, message in zip(
        notices,
        ("waiting", "taken", "taken", "handed", "refused"),
        (None, claimed, sending, handed, None),
        strict=True,
    ):
        OutboxItem.objects.create(
            user=ada,
            channel="email",
            notice=notice,
            state=state,
            message=message,
            ripe=now,
            made=now,
        )
    Batch.objects.create(
        notice=notices[0], state=Batch.State.RIPENING, recipients=[], size=0, due=now
    )

    assert outgoing.end_all() == 2
    assert outgoing.end_all() == 0

    items = OutboxItem.objects.order_by("pk").values_list("state", "why")
    assert list(items) == [
        ("skipped", "restored"),
        ("skipped", "restored"),
        ("unknown", "restored"),
        ("handed", ""),
        ("refused", ""),
    ]
    found = dict(Message.objects.values_list("pk", "state"))
    assert found == {claimed.pk: "dropped", sending.pk: "unknown", handed.pk: "handed"}
    assert not Batch.objects.filter(state=Batch.State.RIPENING).exists()


def test_people_are_taken_in_chunks_and_a_message_about_nothing_ends_too(monkeypatch):
    monkeypatch.setattr(outgoing, "PEOPLE_PER_CHUNK", 2)
    several, now = people(5), timezone.now()
    for user in several:
        [notice] = deliver_many(user, 1)
        OutboxItem.objects.create(user=user, channel="email", notice=notice, ripe=now, made=now)
    Message.objects.create(user=several[0], channel="email", created=now, lease=now)
    [last] = people(1, "last")
    Message.objects.create(user=last, channel="email", created=now, lease=now)
    assert outgoing.end_all() == 5
    assert set(Message.objects.values_list("state", "why")) == {("dropped", "restored")}
