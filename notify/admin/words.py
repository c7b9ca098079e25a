"""Numbers and people, as the admin writes them."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notify.models import Notice
from notify.models.users import user_of
from notify.sending.audience import Audience, To

SAMPLE = 10


def number(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def people(count: int) -> str:
    return ngettext("%(count)s person", "%(count)s people", count) % {"count": number(count)}


def sample(audience: QuerySet[Any]) -> list[str]:
    """The first ten by username, with their full names."""
    first = audience.order_by(get_user_model().USERNAME_FIELD)[:SAMPLE]
    return [_named(person) for person in first]


def audience_of(to: To) -> tuple[int, list[str]]:
    """(how many, a sample)."""
    found = Audience.of(to).people()
    count = found.count()
    return count, sample(found) if count else []


def sender_of(notice: Notice) -> str:
    if not notice.sender:
        return _("the system")
    user = user_of(notice.sender.removeprefix("user:"))
    return str(user) if user is not None else _("somebody who is gone")


def page_of(site: AdminSite, notice: Notice) -> str:
    return reverse(f"{site.name}:notify_notice_change", args=[quote(notice.pk)])


def _named(person: Any) -> str:
    full_name = getattr(person, "get_full_name", str)()
    name = str(person.get_username())
    return f"{name} ({full_name})" if full_name and full_name != name else name
