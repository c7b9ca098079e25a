"""Counts, senders and links as the admin displays them."""

from __future__ import annotations

from django.contrib.admin.sites import AdminSite
from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notify.models import Notice
from notify.models.users import user_of


def format_count(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def format_people(count: int) -> str:
    """As in "1,204 people"."""
    return ngettext("%(count)s person", "%(count)s people", count) % {"count": format_count(count)}


def sender_name(notice: Notice) -> str:
    if not notice.sender:
        return _("the system")
    user = user_of(notice.sender.removeprefix("user:"))
    return str(user) if user is not None else _("somebody who is gone")


def notice_url(site: AdminSite, notice: Notice) -> str:
    """The page of a notice in this admin site."""
    return reverse(f"{site.name}:notify_notice_change", args=[quote(notice.pk)])
