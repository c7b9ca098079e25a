"""When an address that could not be reached is tried again. A pure function."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

GIVE_UP = timedelta(days=3)
# Minutes for a server that restarts or greylists (RFC 6647), hours for an outage.
DELAYS = (
    *(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 4)),
)


def next_attempt(failures: int, since: datetime, now: datetime) -> datetime | None:
    """When to try again, after a temporary refusal.

    Args:
        failures: In a row, 1 or more.
        since: The first of them.

    Returns:
        None where the address is given up, three days after the first failure; the last attempt is
        at that time.
    """
    now, end = now.astimezone(UTC), since.astimezone(UTC) + GIVE_UP
    if now >= end:
        return None
    return min(now + DELAYS[min(failures, len(DELAYS)) - 1], end)
