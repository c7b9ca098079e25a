"""What is measured, and how. Each question runs its contenders in turn, again and again, so that
whatever else the machine does falls on all of them alike."""

from __future__ import annotations

from collections.abc import Callable

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
NOT_QUICK = {11}  # with fewer rows a browser takes as long: asked by its number only
