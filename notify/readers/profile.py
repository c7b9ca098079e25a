"""Language, zone and quiet hours, as a person has chosen them."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any, NamedTuple

from django.conf import settings

from notify.exceptions import InvalidPreference
from notify.models import Reader, user_pk
from notify.readers import locales

MAX_QUIET = timedelta(hours=23)


class Quiet(NamedTuple):
    """From when to when it is to be quiet, by the clock on the wall; over midnight, if the end is
    not after the start."""

    start: time
    end: time


def profile_of(user: str) -> dict[str, Any]:
    """`language` and `zone` ("" where they have chosen none) and `quiet`, ready for JSON."""
    reader = Reader.objects.filter(user=user_pk(user)).first() or Reader()
    quiet = None
    if reader.quiet_start is not None and reader.quiet_end is not None:
        quiet = {
            "start": reader.quiet_start.isoformat("minutes"),
            "end": reader.quiet_end.isoformat("minutes"),
        }
    return {"quiet": quiet, "language": reader.language, "zone": reader.zone}


def set_profile(user: str, changes: dict[str, Any]) -> None:
    """Stores what is named, and leaves the rest.

    Args:
        user: `str(user.pk)`.
        changes: Any of `language` and `zone` ("" for whatever a page is in), and `quiet` (a
            `Quiet`, or None for no quiet hours).

    Raises:
        InvalidPreference: The site has no such language, there is no such zone, or the quiet hours
            are longer than 23.
    """
    stored: dict[str, Any] = {}
    if "language" in changes:
        stored["language"] = changes["language"]
        if stored["language"] and not locales.is_language(stored["language"]):
            known = ", ".join(code for code, _ in settings.LANGUAGES)
            raise InvalidPreference("language", f"must be one of {known}, or empty.")
    if "zone" in changes:
        stored["zone"] = changes["zone"]
        if stored["zone"] and not locales.is_zone(stored["zone"]):
            raise InvalidPreference("zone", "must be a zone such as Europe/Berlin, or empty.")
    if "quiet" in changes:
        stored["quiet_start"], stored["quiet_end"] = _quiet(changes["quiet"])
    if stored:
        Reader.objects.update_or_create(user_id=user_pk(user), defaults=stored)


def _quiet(quiet: Quiet | None) -> tuple[time | None, time | None]:
    if quiet is None or quiet.start == quiet.end:  # none
        return None, None
    start, end = (
        timedelta(hours=one.hour, minutes=one.minute, seconds=one.second) for one in quiet
    )
    if (end - start) % timedelta(days=1) > MAX_QUIET:
        raise InvalidPreference("quiet", "must be 23 hours at most, so that something can be sent.")
    return quiet.start, quiet.end
