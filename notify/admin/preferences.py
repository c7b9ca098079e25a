"""What a user wants, on their page in the admin, and its change by staff."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify import sending, sql
from notify.admin.formatting import format_moment
from notify.inbox import reading
from notify.models import Reason
from notify.models.permissions import CHANGE_PREFERENCES, has_permission
from notify.notices import PreferencesChanged
from notify.readers import mutes, topics
from notify.readers.catalogue import catalogue
from notify.readers.deciding import Rule
from notify.web.pages.preference_form import choices_in
from notify.web.pages.preference_rows import Cell, Row, table_of
from notify.web.target_names import names_of

# What pages say to the person themselves, said of them.
_REASONS: dict[int, Any] = {
    Reason.NAME: gettext_lazy("sent to them"),
    Reason.GROUP: gettext_lazy("a group of theirs"),
    Reason.PERMISSION: gettext_lazy("a permission of theirs"),
    Reason.TOPIC: gettext_lazy("a topic they follow"),
    Reason.QUERY: gettext_lazy("chosen by code"),
    Reason.EVERYONE: gettext_lazy("sent to everyone"),
}
_RULES: dict[str, Any] = {
    Rule.REQUIRED: gettext_lazy("required"),
    Rule.MUTED: gettext_lazy("muted"),
    Rule.OWN_KIND: gettext_lazy("chosen for the kind"),
    Rule.OWN_CATEGORY: gettext_lazy("chosen for the category"),
    Rule.OWN_ALL: gettext_lazy("chosen for everything"),
    Rule.SITE_GROUP: gettext_lazy("default for a group of theirs"),
    Rule.SITE: gettext_lazy("the site's default"),
    Rule.KIND: gettext_lazy("the kind's default"),
    Rule.CATEGORY: gettext_lazy("the category's default"),
    Rule.NOTHING: gettext_lazy("default"),
}
_TYPES = {
    "thing": gettext_lazy("item"),
    "actor": gettext_lazy("person"),
    "topic": gettext_lazy("topic"),
    "category": gettext_lazy("category"),
}


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One line of the table: of a category, or below it of a kind."""

    scope: str
    name: str
    cells: list[Cell | None]
    is_kind: bool


def reason_text(reason: int) -> str:
    """Why a user got a notice."""
    return str(_REASONS[reason])


def rule_text(rule: str) -> str:
    """What decides whether a notice reaches a user."""
    return str(_RULES[rule])


def may_change_preferences(request: HttpRequest) -> bool:
    return has_permission(request.user, CHANGE_PREFERENCES)


def preferences_of(user: Any) -> dict[str, Any]:
    """What a user's page shows of what they want, for a template."""
    key = str(user.pk)
    held = catalogue(key, reading.categories(key))
    for channels in _channels_in(held):
        for cell in channels.values():
            cell["text"] = rule_text(cell["decided_by"])
    table = table_of(held)
    muted = list(mutes.mutes_of(key))
    names = names_of(key, (one.target for one in muted))
    return {
        "channels": table["channels"],
        "choice_rows": list(_lines(table)),
        "muted": [
            {
                "name": names[one.target],
                "type": _TYPES[one.target.partition(":")[0]],
                "since": format_moment(one.created),
                "until": _("for ever") if one.until is None else format_moment(one.until),
            }
            for one in muted
        ],
        "followed": [one.topic for one in topics.topics_of(key)],
    }


def change_preferences(staff: Any, user: Any, post: QueryDict) -> list[str]:
    """Writes what was changed in the form, and tells the user.

    Returns:
        The scopes that were changed.

    Raises:
        ValueError: The form has what cannot be chosen.
    """
    choices = list(choices_in(post))
    with transaction.atomic(using=sql.alias()):
        for one in choices:
            sending.prefer(user, one.scope, value=one.value, channel=one.channel, rhythm=one.rhythm)
        if choices and staff.pk != user.pk:
            changed = PreferencesChanged(by=_name_of(staff), page=_page())
            sending.send(changed, to=user, actor=staff)
    return [one.scope for one in choices]


def changed_message(staff: Any, user: Any, changed: list[str]) -> tuple[str, int]:
    """What the admin says of a change, and its level."""
    if not changed:
        return _("Nothing was changed."), messages.WARNING
    if staff.pk == user.pk:
        return _("Preferences changed."), messages.SUCCESS
    text = _("Preferences changed. %s has been told.") % user.get_username()
    return text, messages.SUCCESS


def _channels_in(held: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield held["all"]
    for category in held["categories"]:
        yield category["channels"]
        for kind in category["kinds"]:
            yield kind["channels"]


def _lines(table: dict[str, Any]) -> Iterator[ChoiceRow]:
    rows: list[Row] = [table["all"], *table["categories"]]
    for row in rows:
        yield ChoiceRow(row.scope, row.name, row.cells, is_kind=False)
        for kind in row.kinds:
            yield ChoiceRow(kind.scope, kind.name, kind.cells, is_kind=True)


def _name_of(staff: Any) -> str:
    return str(getattr(staff, "get_full_name", str)() or staff.get_username())


def _page() -> str | None:
    try:
        return reverse("notify:preferences")
    except NoReverseMatch:  # a project without our pages
        return None
