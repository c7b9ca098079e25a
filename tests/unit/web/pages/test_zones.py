"""The time zone in which the server renders times."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.test import RequestFactory
from django.utils import timezone

from notify.web.pages.zones import zone_of

JUNK = [
    "",
    "Middle/Earth",
    "Europe",  # a directory
    "zone.tab",  # a file with something else in it
    "../../../etc/passwd",
    "/etc/localtime",
    "Europe/\0Berlin",
    "\udcff",
    "Asia/Kathmandu; path=/",
    "US/__init__/x",  # a TypeError of zoneinfo, where the package tzdata is installed
    "Europe/" + "x" * 5000,
]


@pytest.mark.parametrize("name", ["Asia/Kathmandu", "America/Argentina/Buenos_Aires", "UTC"])
def test_it_is_the_zone_in_the_cookie(rf: RequestFactory, name: str) -> None:
    request = rf.get("/")
    request.COOKIES["notify_zone"] = name
    assert zone_of(request) == ZoneInfo(name)


@pytest.mark.parametrize("cookie", [None, *JUNK])
def test_else_it_is_the_current_one(rf: RequestFactory, cookie: str | None) -> None:
    request = rf.get("/")
    if cookie is not None:
        request.COOKIES["notify_zone"] = cookie
    assert zone_of(request) is timezone.get_default_timezone()
    with timezone.override("Asia/Tokyo"):
        assert zone_of(request) == ZoneInfo("Asia/Tokyo")
