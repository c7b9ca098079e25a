"""What is measured, and how. Each question runs its contenders in turn, again and again, so that
whatever else the machine does falls on all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.benchmarks.answers import Answer
from tests.benchmarks.questions import (
    broadcasts,
    connections,
    crowds,
    databases,
    latencies,
    pages,
)
from tests.benchmarks.questions.scale import Scale

QUESTIONS: dict[int, Callable[[Scale], Answer]] = {
    1: broadcasts.push,
    2: broadcasts.burst,
    3: latencies.one_notice,
    4: connections.connects,
    5: connections.idle,
    6: broadcasts.plain_daphne,
    7: databases.fan_out,
    8: crowds.crowd,
    9: databases.big_inbox,
    10: latencies.mark,
    11: pages.responsive,
}
TOGETHER = (1, 6)  # in the same runs, where both are asked
NOT_QUICK = {11}  # with fewer rows a browser takes as long: asked by its number only


def plan(numbers: Sequence[int]) -> list[Callable[[Scale], list[Answer]]]:
    """What is to be called for the answers to these questions."""
    asked: list[Callable[[Scale], list[Answer]]] = []
    if set(TOGETHER) <= set(numbers):
        asked.append(broadcasts.push_and_plain_daphne)
        numbers = [number for number in numbers if number not in TOGETHER]
    return [*asked, *(_alone(QUESTIONS[number]) for number in numbers)]


def _alone(question: Callable[[Scale], Answer]) -> Callable[[Scale], list[Answer]]:
    return lambda scale: [question(scale)]
