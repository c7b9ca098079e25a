"""A claim that locks no inbox, in processes that do not hurry."""

import random
import time

from notify.outbox import claiming, steps


def reached(step: str) -> None:
    if step == "items chosen":
        time.sleep(random.uniform(0, 0.1))  # noqa: S311


claiming.lock_inbox = lambda user: True
steps.reached = reached
