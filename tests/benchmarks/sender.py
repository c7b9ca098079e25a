"""Whoever calls `notify.send`: a process that is no server, and carries its batches out itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import transaction

from notify import sending
from notify.bus.publisher import publisher
from notify.changes import Change
from notify.sending.audience import everyone
from notify.sending.drafts import NewNotice
from tests.benchmarks.payload import notification
from tests.benchmarks.remote import answer

Make = Callable[[int, Any], NewNotice]  # the notice with this number, to these people

committed: list[tuple[float, Change]] = []


def send(make: Make, numbers: list[int], user: int | None = None) -> dict[str, Any]:
    """Sends the notices with these numbers to one user, or to everyone, all together.

    Answers when `send` was called first and when the last batch was committed, in seconds of
    the monotonic clock, which all processes of a machine share.
    """
    committed.clear()
    called = time.monotonic()
    new = [make(n, everyone() if user is None else user) for n in numbers]
    with transaction.atomic():
        sending.send_many(new)
    while sending.carry_out_next():  # an audience of more than one batch waits for workers
        continue
    return {"called": called, "committed": committed[-1][0], "batches": _batches()}


def untyped(n: int, to: Any) -> NewNotice:
    said = notification(n)
    return NewNotice(
        to=to,
        title=said["title"],
        body=said["body"],
        level=said["level"],
        url=said["url"],
        data={"n": n},
    )


def _batches() -> list[tuple[float, int, int]]:
    """When each was committed, and the lowest and the highest key of those it was for."""
    keys = [(at, [int(step.user) for step in change.steps]) for at, change in committed]
    return [(at, min(users), max(users)) for at, users in keys]


def main(make: Make) -> None:
    publish = publisher.publish

    def publish_with_time(change: Change) -> None:
        committed.append(
            (time.monotonic(), change)
        )  # it is called right after the commit of a batch
        publish(change)

    publisher.publish = publish_with_time  # type: ignore[method-assign]
    answer({"send": partial(send, make)})


if __name__ == "__main__":
    main(untyped)
