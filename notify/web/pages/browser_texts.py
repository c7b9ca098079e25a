"""Texts that scripts show, in the language of the request.

The modules in `browser/` have them in English, mostly `messages.js`; a test compares the two.
"""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

TEXTS = [
    _("{count} unread"),
    _("Notifications"),
    _("Notifications, {count} new"),
    _("Unread: "),
    _("Mark as read"),
    _("Mark as unread"),
    _("Archive"),
    _("Move to inbox"),
    _("Archived"),
    _("Moved to inbox"),
    _("Undo"),
    _("That could not be saved"),
    _("{count} new"),
    _("{count} new, {critical} critical"),
    _("+{count} more"),
    _("Couldn't load your notifications"),
    _("Try again"),
    _("You're offline"),
    _("New notification: {title}"),
    _("Critical: {title}"),
    _("All caught up"),
    _("New notifications appear here by themselves."),
    _("Nothing archived"),
    _("What you archive is kept here."),
    _("now"),
    _("{count} min"),
    _("Loading…"),
    _("The next ones cannot be loaded"),
    _("Connecting…"),
    _("Live"),
    _("Reconnecting…"),
    _("Not live: checking every 30 seconds"),
    _("Signed out"),
    _("Somebody else is signed in"),
    _("Disconnected"),
    _("Disconnected after an error"),
    _("You no longer have access"),
    _("Closed from another of your windows"),
    _("This page is out of date"),
    _("You are offline"),
    _("You are offline. This is from {time}"),
    _("Reload"),
    _("Reconnect"),
    _("The server does not answer. It is asked again by itself."),
    _("{count} ms"),
    _("Sending…"),
    _("Back after {count} ms"),
    _("Sent, but not back after 10 seconds"),
    _("Too many tests: try again in {count} s"),
    _("It could not be sent"),
    _("{count} h"),
    _("This browser"),
    _("Unknown device"),
    _("Your browser does not allow it for this site"),
]


def browser_texts() -> dict[str, str]:
    """Translations by English text, without those that are the same: empty for English."""
    translations = {text: gettext(text) for text in TEXTS}
    return {text: translated for text, translated in translations.items() if translated != text}
