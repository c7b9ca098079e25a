"""Steps and their findings."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass

from notify.management.doctor.error_texts import error_text
from notify.management.doctor.target import Target

Step = Callable[[Target], str]


class Level(enum.StrEnum):
    OK = "ok"
    HINT = "hint"  # advice, or not examined
    WEAK = "WEAK"  # works, but an attacker can use it
    FAIL = "FAIL"  # does not work


class Problem(Exception):
    """A step has found something wrong; the message says what to do about it."""

    level = Level.FAIL


class Weakness(Problem):
    level = Level.WEAK


class Advice(Problem):
    level = Level.HINT


@dataclass(frozen=True, slots=True)
class Finding:
    step: str
    text: str
    level: Level = Level.OK

    @property
    def works(self) -> bool:
        return self.level is not Level.FAIL


def run_step(name: str, step: Step, target: Target, *, on_error: Level = Level.FAIL) -> Finding:
    """The finding of a step: what it returns, or the Problem that it raises.

    Args:
        on_error: the level of any other exception.
    """
    try:
        return Finding(name, step(target))
    except Problem as problem:
        return Finding(name, str(problem), problem.level)
    except Exception as error:  # noqa: BLE001  any error is a finding
        text = error_text(error)
        return Finding(name, text if on_error is Level.FAIL else f"not examined: {text}", on_error)
