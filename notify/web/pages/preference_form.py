"""What a form of preferences asks to change.

Beside each field `set.<name>` it has a hidden `was.<name>`, with what the page showed. Only what
differs is written: what somebody has changed in another window meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time

from django.http import QueryDict

from notify.readers.preferences import RHYTHMS

VALUES = {"": None, "on": True, "off": False, **dict.fromkeys(filter(None, RHYTHMS), True)}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is chosen in one cell; None gives the choice back."""

    scope: str
    channel: str
    value: bool | None
    rhythm: str = ""


def choices_in(post: QueryDict) -> Iterator[Choice]:
    """The cells that were changed.

    Raises:
        ValueError: A cell has something else than on, off, a rhythm or nothing.
    """
    for name, value in post.items():
        prefix, _, cell = name.partition(".")
        channel, _, scope = cell.partition(".")
        if prefix != "set" or not scope or value == post.get(f"was.{cell}"):
            continue
        if value not in VALUES:
            raise ValueError(
                f"{name} must be on, off, hourly, daily, weekly or empty, not {value!r:.40}"
            )
        rhythm = str(value) if value in RHYTHMS else ""
        yield Choice(scope, channel, VALUES[str(value)], rhythm)


def zone_in(post: QueryDict) -> str | None:
    """The time zone, if it was changed."""
    zone = post.get("set.zone")
    return None if zone is None or zone == post.get("was.zone") else zone


def quiet_in(post: QueryDict) -> tuple[bool, tuple[time, time] | None]:
    """Whether the quiet hours were changed, and what they are then: from, to; None for none.

    Raises:
        ValueError: They are switched on, and one of the two is not a time.
    """
    if "was.quiet" not in post:
        return False, None
    is_on = post.get("set.quiet") == "on"
    ends = [post.get(f"set.quiet_{end}", "") for end in ("start", "end")] if is_on else []
    if "-".join(ends) == post.get("was.quiet"):
        return False, None
    if not is_on:
        return True, None
    start, end = (time.fromisoformat(one) for one in ends)
    return True, (start, end)
