"""Counts, senders and links as the admin displays them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from notify.models import Notice
from notify.models.users import all_users, user_pk

MAX_DIGITS = 18  # of an id
EMPTY = "\N{EN DASH}"
PREFIX = "user:"  # of `Notice.sender`


def format_count(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def format_moment(moment: datetime | None) -> str:
    """A time that fits into a column of a list: without the year if it is this one's."""
    if moment is None:
        return EMPTY
    local = localtime(moment)
    # Translators: formats of a date in a narrow column (Django's `date` filter).
    this_year, other_year = _("j M, H:i"), _("j M Y")
    return date_format(local, this_year if local.year == localtime().year else other_year)


def language_name(code: str) -> str:
    """As in "German", in the current language; the code if Django doesn't know it."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def format_people(count: int) -> str:
    """As in "1,204 people"."""
    return ngettext("%(count)s person", "%(count)s people", count) % {"count": format_count(count)}


def reach(notice: Any) -> dict[str, int]:
    """How many recipients have received, seen and read a notice, read `with_counts()`.

    Whoever has read it has seen it, and whoever has seen it has received it, even if no client has
    confirmed that yet.
    """
    seen = max(notice.seen, notice.read)
    return {"delivered": max(notice.delivered, seen), "seen": seen, "read": notice.read}


def sender_name(notice: Notice) -> str:
    return sender_names([notice.sender])[notice.sender]


def sender_names(senders: Iterable[str]) -> dict[str, str]:
    """The names of those who sent or stopped a notice, by `Notice.sender`, in at most one query."""
    senders = set(senders)
    keys = [sender.removeprefix(PREFIX) for sender in senders if sender]
    users = {f"{PREFIX}{user.pk}": str(user) for user in _users(keys)}
    return {
        sender: users.get(sender, _("a deleted user")) if sender else _("System")
        for sender in senders
    }


def _users(keys: Iterable[str]) -> Iterable[Any]:
    """The users with these keys (`str(pk)`); keys of an earlier user model are ignored."""
    pks = []
    for key in keys:
        with suppress(ValueError, ValidationError):
            pks.append(user_pk(key))
    return all_users().filter(pk__in=pks) if pks else ()


def notice_url(site: AdminSite, notice: Notice) -> str:
    """The page of a notice in this admin site."""
    return reverse(f"{site.name}:notify_notice_change", args=[quote(notice.pk)])
