"""The time zone of whoever looks at a page: what the server writes there is read by them."""

from __future__ import annotations

import functools
import zoneinfo
from datetime import tzinfo

from django.http import HttpRequest
from django.utils import timezone

COOKIE = "notify_zone"  # written by zone-cookie.js
# The names that may be looked up: what else a cookie says could be a path.
_names = functools.cache(zoneinfo.available_timezones)


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone that the browser has told, if this machine knows it, else Django's current one."""
    told = request.COOKIES.get(COOKIE, "")
    return zoneinfo.ZoneInfo(told) if told in _names() else timezone.get_current_timezone()
