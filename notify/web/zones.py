"""The time zone of whoever looks at a page: what the server writes there is read by them."""

from __future__ import annotations

from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest
from django.utils import timezone

COOKIE = "notify_zone"  # written by page-client.js
MAX_LENGTH = 64  # the longest names of IANA have half of it


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone that the browser has told, if this machine knows it, else Django's current one."""
    told = request.COOKIES.get(COOKIE, "")
    if told and len(told) <= MAX_LENGTH:
        try:
            return ZoneInfo(told)
        except (ValueError, ZoneInfoNotFoundError, OSError):  # no name, none known, a directory
            pass
    return timezone.get_current_timezone()
