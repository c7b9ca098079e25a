"""Pausing and cancelling a notice while workers carry it out."""

from __future__ import annotations

import random
import threading

import pytest

from notify import sending
from notify.models import Batch, Notification
from tests.integration.test_store_concurrency import (
    hold_append,
    left_alone,
    only_postgres,
    result,
    somebody_waits,
    threads,
    together,
    work_off,
)
from tests.unit.inbox.helpers import people

__all__ = ["hold_append"]  # a fixture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("announced")]


@only_postgres
@pytest.mark.parametrize("stop", [sending.cancel, sending.pause])
def test_what_a_worker_has_in_its_hands_arrives_and_is_not_counted(hold_append, stop):
    notice = left_alone(people(3))
    with threads() as beside:
        working = beside.start(sending.carry_out_next)
        hold_append.until_reached()
        stopping = beside.start(stop, notice)
        somebody_waits()
        hold_append.let_go()
        assert result(working) is True
        assert result(stopping) == 2
    work_off()
    assert Notification.objects.filter(notice=notice).count() == 1


def test_a_cancel_in_the_middle_of_a_fan_out_and_its_workers_agree():
    users = people(10)
    for seed in range(4):
        notice = left_alone(users, f"{seed}")
        dice = random.Random(seed)  # noqa: S311  the same dice in each run
        pause = threading.Event()

        def cancel_soon(notice=notice, dice=dice, pause=pause) -> int:
            pause.wait(dice.uniform(0, 0.06))
            return sending.cancel(notice)

        [*_, without] = together(work_off, work_off, cancel_soon)
        work_off()

        got = Notification.objects.filter(notice=notice).count()
        assert got + without == len(users)
        done = Batch.objects.filter(notice=notice, state="done")
        assert sum(done.values_list("appended", flat=True)) == got
        left = Batch.objects.filter(notice=notice, state="cancelled")
        assert left.count() == without


def test_pauses_resumes_and_workers_at_once_send_to_everybody_once():
    users = people(10)
    notice = left_alone(users)

    def hesitate() -> None:
        for _ in range(5):
            sending.pause(notice)
            sending.resume(notice)

    together(work_off, work_off, hesitate, hesitate)
    sending.resume(notice)
    work_off()

    assert Notification.objects.filter(notice=notice).count() == len(users)
    assert set(notice.batch_set.values_list("state", "appended")) == {("done", 1)}
