"""Who paused, cancelled or recalled a notice, and when."""

from __future__ import annotations

from django.utils.translation import gettext as _

from notify.admin.formatting import format_moment, sender_names
from notify.models import Notice


def by_whom(sender: str) -> str:
    """As in "by ada"; empty if a program did it."""
    return _("by %s") % sender_names([sender])[sender] if sender else ""


def recalled_by(notice: Notice) -> str:
    if notice.recalled and notice.expires is not None and notice.expires <= notice.recalled:
        return _("it had expired")
    return by_whom(notice.recalled_by)


def stopped_text(notice: Notice) -> str:
    """When a notice was last paused, cancelled or recalled, and by whom; empty if it goes on."""
    when, who = notice.stopped, by_whom(notice.stopped_by) if not notice.recalled else ""
    if notice.recalled:
        when, who = notice.recalled, recalled_by(notice)
    return ", ".join(filter(None, (format_moment(when) if when else "", who)))
