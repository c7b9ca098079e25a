"""Texts that scripts show, in the language of the request.

The modules in `browser/` have them in English, mostly `messages.js` and `inbox-messages.js`; a test
compares the two.
"""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

TEXTS = [
    _("Unread: "),
    _("Unread, {level}: "),
    _("Mark as read"),
    _("Mark as unread"),
    _("Archive"),
    _("Move to inbox"),
    _("{count} new"),
    _("{count} new, {critical} critical"),
    _("+{count} more"),
    _("Couldn't load your notifications"),
    _("Try again"),
    _("You're offline"),
    _("New notification: {title}"),
    _("Critical: {title}"),
    _("now"),
    _("{count} min"),
    _("{count} unread"),
    _("Archived"),
    _("{count} archived"),
    _("Moved to inbox"),
    _("{count} moved to inbox"),
    _("All read notifications archived"),
    _("Undo"),
    _("1 marked as read"),
    _("{count} marked as read"),
    _("Marked as read"),
    _("Marked as unread"),
    _("{count} marked as unread"),
    _("{done}. Will be sent later."),
    _("Couldn't save the change"),
    _("Couldn't load the menu"),
    _("All caught up"),
    _("New notifications appear here automatically."),
    _("Nothing archived"),
    _("Archived notifications are kept here."),
    _("Loading…"),
    _("Searching…"),
    _("More than {count} results"),
    _("1 result"),
    _("{count} results"),
    _("{results} in the latest {held} notifications. The rest couldn't be searched."),
    _("The archive wasn't searched."),
    _("Only unread notifications were searched."),
    _("Only the archive was searched."),
    _("Couldn't load older notifications"),
    _("Couldn't load your inbox"),
    _("Couldn't load these notifications"),
    _("The server isn't responding. Retrying automatically."),
    _("Connecting…"),
    _("Live"),
    _("Reconnecting…"),
    _("Live updates paused. Checking every 30 seconds."),
    _("Server not reachable. Changes are kept and sent later."),
    _("Server not reachable since {time}. Changes are kept and sent later."),
    _("Signed out"),
    _("Someone else is signed in"),
    _("Disconnected"),
    _("Disconnected because of an error"),
    _("You no longer have access"),
    _("Disconnected from another device"),
    _("A new version is available"),
    _("Last updated {time}"),
    _("Reload"),
    _("Reconnect"),
    _("{count} ms"),
    _("Sending…"),
    _("Delivered in {count} ms"),
    _("Sent, but not received within 10 seconds"),
    _("Too many tests. Try again in {count} s."),
    _("Couldn't send"),
    _("{count} h"),
    _("This browser"),
    _("Unknown device"),
    _("Notifications are blocked in your browser for this site"),
    _("{count} selected"),
    _("Read"),
    _("Unread"),
    _("Notifications"),
    _("Notifications, {count} new"),
]


def browser_texts() -> dict[str, str]:
    """Translations by English text, without those that are the same: empty for English."""
    translations = {text: gettext(text) for text in TEXTS}
    return {text: translated for text, translated in translations.items() if translated != text}
