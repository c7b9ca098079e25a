"""The time zone of a page's reader, in which the server renders times."""

from __future__ import annotations

import functools
import zoneinfo
from datetime import tzinfo

from django.http import HttpRequest
from django.utils import timezone

COOKIE = "notify_zone"  # written by zone-cookie.js
# Only these names are looked up: any other value of the cookie could be a path.
_names = functools.cache(zoneinfo.available_timezones)


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone in the browser's cookie if this machine knows it, else Django's current one."""
    name = request.COOKIES.get(COOKIE, "")
    return zoneinfo.ZoneInfo(name) if name in _names() else timezone.get_current_timezone()
