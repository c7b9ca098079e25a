"""A step of a notice on its way to a user, as the admin tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    when: datetime | None  # None: not happened, or the time is not recorded
    how: str
    happened: bool
