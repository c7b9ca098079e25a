"""What is measured, and how. Each question runs its contenders in turn, again and again, so that
whatever else the machine does falls on all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from tests.benchmarks.answers import Answer
from tests.benchmarks.questions import (
    broadcasts,
    connections,
    crowds,
    databases,
    latencies,
    pages,
    sends,
)
from tests.benchmarks.questions.scale import Scale

ALONE: dict[int, Callable[[Scale], Answer]] = {
    3: latencies.one_notice,
    4: connections.connects,
    5: connections.idle,
    7: databases.fan_out,
    8: crowds.crowd,
    9: databases.big_inbox,
    10: latencies.mark,
    11: pages.responsive,
    12: sends.one_send,
    13: sends.many_sends,
    14: sends.bytes_left,
}
NUMBERS = broadcasts.NUMBERS | ALONE.keys()
# Asked by their numbers only: with fewer rows a browser takes as long, and the pages of an index
# are too coarse a measure.
NOT_QUICK = {11, 14}


def plan(numbers: Sequence[int]) -> list[Callable[[Scale], list[Answer]]]:
    """What is to be called for the answers to these questions."""
    together = [number for number in numbers if number in broadcasts.NUMBERS]
    asked = [partial(broadcasts.ask, numbers=together)] if together else []
    return [*asked, *(_alone(ALONE[number]) for number in numbers if number in ALONE)]


def _alone(question: Callable[[Scale], Answer]) -> Callable[[Scale], list[Answer]]:
    return lambda scale: [question(scale)]
