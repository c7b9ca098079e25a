"""What a person has muted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from notify.exceptions import InvalidPreference
from notify.models import Mute, user_pk
from notify.readers.wishes import in_force
from notify.sql import database


def mute(user: str, target: str, until: datetime | timedelta | None = None) -> Mute:
    """Mutes a target; one that is muted already, until the new time.

    Args:
        user: `str(user.pk)`.
        target: As `targets.target_of` names it.
        until: A time with a zone, or how long from now on; None is for ever.

    Raises:
        InvalidPreference: The time has passed, or has no zone.
    """
    now = database.now()
    if isinstance(until, timedelta):
        until = _after(now, until)
    if until is not None and (not isinstance(until, datetime) or until.tzinfo is None):
        raise InvalidPreference("until", f"must be a time with a zone, not {until!r:.100}.")
    if until is not None and until <= now:
        raise InvalidPreference("until", "must be in the future.")
    key = user_pk(user)
    Mute.objects.filter(user=key).exclude(in_force()).delete()
    Mute.objects.bulk_create(
        [Mute(user_id=key, target=target, until=until, created=now)],
        update_conflicts=True,
        unique_fields=["user", "target"],
        update_fields=["until", "created"],
    )
    return Mute.objects.get(user=key, target=target)


def _after(now: datetime, duration: timedelta) -> datetime:
    try:
        return now + duration
    except OverflowError as error:
        raise InvalidPreference("until", "is beyond the calendar.") from error


def unmute(user: str, target: str) -> bool:
    """Returns whether it was muted."""
    return bool(Mute.objects.filter(user=user_pk(user), target=target).delete()[0])


def mutes_of(user: str) -> QuerySet[Mute]:
    """Those that hold now, the newest first."""
    return Mute.objects.filter(in_force(), user=user_pk(user)).order_by("-created", "-pk")
