"""Previews in the compose form: the audience, and the notice as its recipients see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import OperationalError
from django.db.models import Count, Q
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from notify import sql
from notify.admin.formatting import format_count, format_people
from notify.bus import online
from notify.changes import Locale, Row
from notify.inbox import renderings, rows
from notify.kinds import fields, registry
from notify.models import Level, Notice
from notify.models.users import user_field
from notify.sending.audience import Audience, To
from notify.sql import database
from notify.web.pages.browser_texts import browser_texts

SAMPLE_SIZE = 10
COUNT_WITHIN_S = 5.0
DORMANT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Sample:
    """What is told of an audience before a notice is sent to it."""

    count: int  # people
    names: list[str]  # the first ten by username, with their full names
    facts: list[str]  # who they are, in words


def sample_audience(to: To) -> Sample | None:
    """The people that `to` names. None if the database takes longer than five seconds for it
    (PostgreSQL).

    Raises:
        InvalidNotice: `to` holds something that is not a recipient.
    """
    users = Audience.of(to).people()
    try:
        with sql.statements_end_within(COUNT_WITHIN_S):
            counts = users.aggregate(count=Count("pk"), **_groups())
            first = users.order_by(get_user_model().USERNAME_FIELD)[:SAMPLE_SIZE]
            names = [_display_name(user) for user in first] if counts["count"] else []
    except OperationalError as error:
        if not sql.is_away(error):
            raise
        return None
    return Sample(counts["count"], names, _facts(**counts))


def online_text(to: To) -> str:
    """How many of the people that `to` names are online now, in words.

    Raises:
        InvalidNotice: `to` holds something that is not a recipient.
    """
    people, found = Audience.of(to).people(), online.online()
    if found is None:
        return _("Online status unavailable.")
    among = Count("pk", filter=Q(pk__in=found.users))
    try:
        with sql.statements_end_within(COUNT_WITHIN_S):
            counts = people.aggregate(all=Count("pk"), online=among)
    except OperationalError as error:
        if not sql.is_away(error):
            raise
        return _("Online status unavailable.")
    count = min(counts["all"], round(counts["online"] / found.share))
    text = _("%(count)s online now") if found.share == 1 else _("About %(count)s online now")
    return text % {"count": format_count(count)}


def _groups() -> dict[str, Count]:
    """Who is counted, as far as the user model tells it."""
    groups = {}
    if user_field("is_staff") is not None:
        groups["staff"] = Count("pk", filter=Q(is_staff=True))
    if user_field("last_login") is not None:
        since = database.now() - DORMANT
        never = Q(last_login__isnull=True)
        if user_field("date_joined") is not None:
            never &= Q(date_joined__lt=since)
        groups["dormant"] = Count("pk", filter=Q(last_login__lt=since) | never)
    return groups


def _facts(count: int, staff: int = 0, dormant: int = 0) -> list[str]:
    facts = []
    if staff:
        text = ngettext("%(count)s staff member", "%(count)s staff members", staff)
        facts.append(text % {"count": format_count(staff)})
    if dormant:
        text = ngettext(
            "%(count)s hasn't signed in for a year",
            "%(count)s haven't signed in for a year",
            dormant,
        )
        facts.append(text % {"count": format_count(dormant)})
    return facts


def audience_texts(count: int, sample: Sample) -> dict[str, Any]:
    """An audience of `count` people as templates and scripts display it."""
    others = count - len(sample.names)
    return {
        "people": format_people(count),
        "facts": " · ".join(sample.facts),
        "sample": sample.names,
        "others": format_count(others) if others > 0 else "",
    }


def preview_notice(fields: dict[str, Any]) -> dict[str, Any]:
    """The context of `preview.html`: the row, and the browser texts in the current language."""
    names = ("title", "body", "level", "category", "url")
    row = {name: str(fields.get(name) or "") for name in names}
    row["level"] = row["level"] or Level.INFO.value
    declared = registry.categories().get(row["category"])
    if declared is not None:
        row["category"] = str(declared.label)
    return {"row": row | {"actions": fields.get("actions") or []}, "texts": browser_texts()}


@dataclass(frozen=True, slots=True)
class InLanguage:
    """What readers of a language get."""

    code: str
    name: str
    direction: str
    row: Row


@dataclass(frozen=True, slots=True)
class InLanguages:
    """A notice of a kind in all LANGUAGES."""

    texts: list[InLanguage]  # that of the site first, then those that read otherwise
    same: list[str]  # the names of the languages that read as the site's
    zone: str  # the time zone of the texts; empty if they have no times


def in_languages(notice: Notice) -> InLanguages | None:
    """None where everyone reads the notice as it was sent: it is of no kind, or of none that this
    process has."""
    kind: Any = registry.get(notice.kind)
    if notice.params is None or kind is None:
        return None
    row, zone = rows.notice_row(notice), get_current_timezone_name()
    site = settings.LANGUAGE_CODE
    texts = [
        InLanguage(code, str(name), _direction(code), renderings.shown(row, Locale(code, zone)))
        for code, name in sorted(settings.LANGUAGES, key=lambda one: one[0] != site)
    ]
    first, *others = texts
    return InLanguages(
        texts=[first, *(one for one in others if one.row != first.row)],
        same=[one.name for one in others if one.row == first.row],
        zone=zone if fields.has_time(kind) else "",
    )


def _direction(code: str) -> str:
    try:
        return "rtl" if get_language_info(code)["bidi"] else "ltr"
    except KeyError:  # one of the project's own
        return "auto"


def _display_name(user: Any) -> str:
    full_name = getattr(user, "get_full_name", str)()
    name = str(user.get_username())
    return f"{name} ({full_name})" if full_name and full_name != name else name
