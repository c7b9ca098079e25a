"""`{% load notify %}`, then `{% notify_bell %}`, `{% notify_inbox %}`, `{% notify_preferences %}`,
`{% notify_unread %}`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext

from notify.inbox import reading
from notify.kinds import registry
from notify.models import Level
from notify.web.pages import faces
from notify.web.pages.browser_config import browser_config
from notify.web.pages.first_page import first_page
from notify.web.pages.preferences import preferences_page
from notify.web.pages.zones import zone_of

register = template.Library()

_OVERRIDES = re.compile("[\u202a-\u202e\u2066\u2067]")
_ISOLATED = re.compile("\u2068[^\u2068\u2069]*\u2069|[\u2068\u2069]")


@register.inclusion_tag("notify/bell.html", takes_context=True)
def notify_bell(
    context: template.Context, toasts: str | None = None, draw_icon: bool = False
) -> dict[str, Any]:
    """A bell with the number of unseen notifications that have arrived since it was last opened,
    for signed-in users. For others it shows nothing, and deletes what this browser has stored for
    the previous user.

    Args:
        toasts: levels that open a toast, separated by spaces; None: `error critical`.
        draw_icon: whether to draw a dot on the icon of the page. The Content Security Policy must
            allow `img-src data:`.
    """
    element = _element(context)
    if element["config"] is None:
        element["is_stranger"] = "request" in context
    else:
        badge, _ = _head(context)
        words = "Notifications, {count} new" if badge else "Notifications"
        label = gettext(words).format(count=badge)
        inbox = reverse("notify:dashboard")
        is_inbox = context["request"].path == inbox
        element |= {"badge": badge, "label": label, "inbox": inbox, "is_inbox": is_inbox}
        element |= {"toasts": toasts, "draw_icon": draw_icon}
    return element


@register.inclusion_tag("notify/inbox.html", takes_context=True)
def notify_inbox(context: template.Context) -> dict[str, Any]:
    """The whole inbox, live, for signed-in users. Shows nothing for others."""
    element = _element(context)
    if element["config"] is not None:
        element |= first_page(context["request"]) | {"zone": zone_of(context["request"])}
    return element


@register.inclusion_tag("notify/preferences-element.html", takes_context=True)
def notify_preferences(context: template.Context) -> dict[str, Any]:
    """What a person wants to be told, for signed-in users to choose. Shows nothing for others."""
    element = _element(context)
    if element["config"] is not None:
        element |= preferences_page(context["request"])
    return element


@register.inclusion_tag("notify/connection.html", takes_context=True)
def notify_connection(context: template.Context) -> dict[str, Any]:
    """The state of the connection, and its round-trip time."""
    return _element(context)


@register.simple_tag(takes_context=True)
def notify_unread(context: template.Context) -> int:
    """How many notifications are unread when the page is rendered."""
    return _head(context)[1]


@register.simple_tag
def notify_levels() -> list[str]:
    """All levels, the least important first."""
    return list(Level.values)


@register.filter
def notify_is_link(url: str | None) -> bool:
    """Whether `url` may be a link. Sending validates it already; this is a second line of defence
    against `javascript:`."""
    return bool(url) and urlsplit(str(url)).scheme in ("", "http", "https")


@register.filter
def notify_plain(text: str) -> str:
    """`text` without the characters that override the direction of what follows: with them, a
    title can say something else than is read. A text that is isolated stays so. Scripts do the
    same (plain-text.js)."""
    plain = _OVERRIDES.sub("", text)
    return _ISOLATED.sub(lambda found: found[0] if len(found[0]) > 1 else "", plain)


@register.filter
def notify_category(key: str) -> str:
    """The label of a category that a kind declares, else its key."""
    declared = registry.categories().get(key)
    return key if declared is None else str(declared.label)


@register.filter
def notify_category_icon(key: str) -> str:
    """The path data of its icon; empty if it has none."""
    declared = registry.categories().get(key)
    return "" if declared is None else declared.icon


@register.filter
def notify_initials(actor: dict[str, str] | None) -> str:
    """Of a row's actor; empty if the name has none."""
    return "" if actor is None else faces.initials(notify_plain(actor["name"]))


@register.filter
def notify_hue(actor: dict[str, str] | None) -> int:
    """The number of the actor's colour."""
    return faces.hue("" if actor is None else actor["id"])


@register.filter
def notify_when(moment: datetime) -> str:
    """The shortest unambiguous form: now, 4 min, 14:02, Tue 14:02, 12 Nov. Scripts update it."""
    now, then = timezone.localtime(), timezone.localtime(moment)
    age = now - then
    if age < timedelta(minutes=1):
        return gettext("now")
    if age < timedelta(hours=1):
        return gettext("{count} min").format(count=age // timedelta(minutes=1))
    if then.date() == now.date():
        return date_format(then, "H:i")
    if age < timedelta(days=6):
        return date_format(then, "D H:i")
    return date_format(then, "j M" if then.year == now.year else "j M Y")


@register.filter
def notify_time_to_come(moment: datetime) -> str:
    """The shortest unambiguous form: 14:02, Tue 14:02, 12 Nov 14:02. Scripts do the same
    (time-to-come.js)."""
    now, then = timezone.localtime(), timezone.localtime(moment)
    if then.date() == now.date():
        return date_format(then, "H:i")
    if then - now < timedelta(days=6):
        return date_format(then, "D H:i")
    return date_format(then, "j M H:i" if then.year == now.year else "j M Y H:i")


@register.simple_tag
def notify_has_demo_users() -> bool:
    """Whether the sign-in page may name the demo users: only with DEBUG, and if they exist."""
    names = ["ada", "bob", "cleo", "admin"]
    users = get_user_model()
    found = users._default_manager.filter(**{f"{users.USERNAME_FIELD}__in": names})
    return settings.DEBUG and found.count() == len(names)


def _head(context: template.Context) -> tuple[int, int]:
    """The current (badge, unread); (0, 0) for anonymous users."""
    user = getattr(context.get("request"), "user", None)
    if user is None or not user.is_authenticated:
        return 0, 0
    head = reading.heads([str(user.pk)]).get(str(user.pk))
    return (0, 0) if head is None else (head.badge, head.unread)


def _element(context: template.Context) -> dict[str, Any]:
    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return {"config": None}
    return {"config": browser_config(request)}
