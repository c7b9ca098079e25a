"""What waits to leave the browser, where people or the operator change it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import notify
from notify import sending
from notify.inbox import outgoing
from notify.kinds import registry
from notify.models import Batch, Message, OutboxItem
from tests.unit.inbox.helpers import deliver_many

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailed(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})

    class Mailed(notify.Kind):
        key = "shop.mailed"
        category = "orders"
        channels = [notify.Email()]


def waiting(user, **fields):
    [notice] = deliver_many(user, 1)
    tomorrow = timezone.now() + timedelta(days=1)
    return OutboxItem.objects.create(
        user=user, channel="email", notice=notice, rhythm="daily", ripe=tomorrow,
        made=timezone.now(), **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        lambda user: notify.prefer(user, "all", value=True, channel="email", rhythm="weekly"),
        lambda user: sending.unsubscribe(user, "email", ["orders"]),
        lambda user: sending.set_reader(user, {"zone": "Europe/Berlin"}),
        lambda user: sending.set_reader(user, {"quiet": None}),
    ],
    ids=["rhythm", "unsubscribe", "zone", "quiet"],
)
def test_a_changed_choice_has_what_waits_looked_at_now(ada, bob, mailed, change):
    moved, of_bob = waiting(ada), waiting(bob)
    gone = waiting(ada, state="handed")
    change(ada)
    for one in (moved, of_bob, gone):
        one.refresh_from_db()
    assert moved.rhythm == ""
    assert moved.ripe <= timezone.now() + timedelta(seconds=1)
    assert (of_bob.rhythm, gone.rhythm) == ("daily", "daily")


def test_other_changes_leave_what_waits_alone(ada, mailed):
    item = waiting(ada)
    notify.prefer(ada, "all", value=False)  # the inbox's
    sending.set_reader(ada, {"language": "de"})
    notify.follow(ada, "post:3")
    item.refresh_from_db()
    assert item.rhythm == "daily"


def test_without_a_channel_nothing_is_asked(ada, django_assert_num_queries):
    with django_assert_num_queries(0):
        outgoing.look_again(str(ada.pk))


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
