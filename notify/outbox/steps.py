"""Where a worker is between ripening and record: a place for tests to stop it, or to kill it."""

from __future__ import annotations

from typing import Literal, get_args

Step = Literal[
    "batch locked",
    "items made",
    "ripened",
    "inbox locked",
    "items chosen",
    "message made",
    "claimed",
    "rendered",
    "message locked",
    "looked",
    "sending",
    "handed over",
    "recording",
    "recorded",
]

STEPS: tuple[Step, ...] = get_args(Step)


def reached(step: Step) -> None:
    """Nothing; tests replace it."""
