"""The time zone of a page's reader, in which the server renders times."""

from __future__ import annotations

import zoneinfo
from datetime import tzinfo

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from notify.changes import Locale
from notify.readers import locales

COOKIE = "notify_zone"  # written by zone-cookie.js


def zone_of(request: HttpRequest) -> tzinfo:
    """The zone in the browser's cookie if this machine knows it, else Django's current one."""
    name = request.COOKIES.get(COOKIE, "")
    return zoneinfo.ZoneInfo(name) if locales.is_zone(name) else timezone.get_current_timezone()


def locale_of(request: HttpRequest) -> Locale:
    """The locale of a page: Django's active language, and `zone_of`."""
    return locales.named(get_language(), str(zone_of(request)), locales.site())
