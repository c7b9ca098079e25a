"""The page on which people choose what they want to be told."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.http.request import QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notify import sending
from notify.exceptions import InvalidPreference
from notify.inbox import reading
from notify.models import Mute
from notify.readers import locales, mutes, topics
from notify.readers.catalogue import catalogue
from notify.readers.profile import Quiet
from notify.web.pages import preference_form
from notify.web.pages.back import way_back
from notify.web.pages.decorators import html_refusals, rate_limited, signed_in
from notify.web.pages.preference_rows import table_of
from notify.web.pages.zones import zone_of
from notify.web.preference_texts import described
from notify.web.target_names import names_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@html_refusals
@signed_in
@rate_limited
def preferences(request: HttpRequest) -> HttpResponse:
    """The page. Where no script runs, its form and its buttons post here."""
    if request.method != "POST":
        return render(request, "notify/preferences.html")
    try:
        _carry_out(str(request.user.pk), request.POST)
    except (InvalidPreference, ValueError) as error:
        return HttpResponseBadRequest(f"preferences: {escape(error)}")
    return HttpResponseRedirect(way_back(request, reverse("notify:preferences")))


def preferences_page(request: HttpRequest) -> dict[str, Any]:
    """The context of the element."""
    user, here = str(request.user.pk), reverse("notify:preferences")
    held = described(catalogue(user, reading.categories(user)))
    muted = list(mutes.mutes_of(user))
    names = names_of(user, (mute.target for mute in muted))
    return {
        **table_of(held),
        "heading": "h1" if request.path == here else "h2",
        "action": here,
        "here": request.get_full_path(),
        "chosen_zone": held["zone"],
        "zones": _zones(held["zone"]),
        "quiet": held["quiet"],
        "languages": settings.LANGUAGES,
        "language": get_language(),
        "mutes": [_muted(mute, names) for mute in muted],
        "follows": [one.topic for one in topics.topics_of(user)],
        "zone": zone_of(request),
    }


def _carry_out(user: str, post: QueryDict) -> None:
    """The button that was pressed, or else what was changed in the form."""
    if "unmute" in post:
        sending.unmute(user, str(post["unmute"]))
    elif "unfollow" in post:
        sending.unfollow(user, str(post["unfollow"]))
    for choice in preference_form.choices_in(post):
        sending.prefer(
            user, choice.scope, value=choice.value, channel=choice.channel, rhythm=choice.rhythm
        )
    changes: dict[str, Any] = {}
    if (zone := preference_form.zone_in(post)) is not None:
        changes["zone"] = zone
    is_changed, quiet = preference_form.quiet_in(post)
    if is_changed:
        changes["quiet"] = None if quiet is None else Quiet(*quiet)
    if changes:
        sending.set_reader(user, changes)


def _muted(mute: Mute, names: dict[str, str]) -> dict[str, Any]:
    return {"id": mute.pk, "target": mute.target, "name": names[mute.target], "until": mute.until}


def _zones(chosen: str) -> list[str]:
    """Those that people look for, of a place; UTC; and what is chosen."""
    names = {name for name in zoneinfo.available_timezones() if _is_of_place(name)}
    return sorted(names | {"UTC"} | ({chosen} if locales.is_zone(chosen) else set()))


def _is_of_place(name: str) -> bool:
    region, _, place = name.partition("/")
    return bool(place) and region not in {"Etc", "SystemV", "US", "posix", "right"}
