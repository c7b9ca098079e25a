"""One e-mail about one or more notices: text and HTML, in the person's language and zone.

A project changes them by templates of its own: `notify/email/message.txt` and `.html` are the
whole, `notify/email/notice.txt` and `.html` one notice in it, and `notify/email/<kind>.txt` and
`.html` one of this kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.policy import Policy
from typing import Any
from zoneinfo import ZoneInfo

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from notify.changes import Row
from notify.kinds import registry
from notify.outbox import links, unsubscribe
from notify.outbox.channel import Outgoing

MAX_NOTICES = 50  # in one message; it says how many more there are
MAX_HEADER_URL = 900  # RFC 5322, 2.1.1: a line of a header has at most 998 characters
_FOLDER = "notify/email"
# A kind's key may be any text, and names a file of its own only if it looks like one.
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_OURS = {"message", "notice"}
_SIGNATURE = "-- "


def make(outgoing: Outgoing) -> EmailMultiAlternatives:
    """The message, to `outgoing.address`.

    Raises:
        ImproperlyConfigured: NOTIFY_SITE_URL is not set.
        Exception: What a template of the project raises.
    """
    zone = ZoneInfo(outgoing.locale.zone)
    with translation.override(outgoing.locale.language), timezone.override(zone):
        unsubscribe_url = _unsubscribe_url(outgoing)
        subject = _subject(outgoing.rows)
        context = _context(outgoing, subject, unsubscribe_url)
        text = render_to_string(f"{_FOLDER}/message.txt", context)
        html = render_to_string(f"{_FOLDER}/message.html", context)
    message = EmailMultiAlternatives(
        subject,
        f"{_tidy(text)}\n",
        to=[outgoing.address],
        headers=_headers(outgoing.id, unsubscribe_url),
    )
    message.attach_alternative(html, "text/html")
    return message


class _ListUnsubscribe(str):
    """A header that stays on its line. The `email` package, as Django 6 uses it, writes a long
    address as encoded words, which are none in this header (RFC 2369), and which nobody decodes.
    It takes headers with a `name` and a `fold`, as its own have; Django 5.2 takes the text."""

    __slots__ = ()
    name = "List-Unsubscribe"

    def fold(self, *, policy: Policy[Any]) -> str:
        return f"{self.name}: {self}{policy.linesep}"


def _headers(message_id: str, unsubscribe_url: str | None) -> dict[str, str]:
    headers = {
        "Message-ID": f"<{message_id}@{links.host()}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no out-of-office reply
    }
    # RFC 8058: HTTPS, and both headers or none.
    url = unsubscribe_url or ""
    if url.startswith("https://") and len(url) <= MAX_HEADER_URL:
        headers["List-Unsubscribe"] = _ListUnsubscribe(f"<{url}>")
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _unsubscribe_url(outgoing: Outgoing) -> str | None:
    if not outgoing.may_unsubscribe:
        return None
    if outgoing.is_preview:
        return links.unsubscribe(unsubscribe.PREVIEW)
    categories = [row["category"] for row in outgoing.rows]
    of = unsubscribe.Subscription.of(outgoing.user, outgoing.channel, categories, outgoing.address)
    return links.unsubscribe(unsubscribe.token(of))


def _subject(rows: Sequence[Row]) -> str:
    """The first title, and how many more there are."""
    title = one_line(rows[0]["title"])
    more = len(rows) - 1
    if not more:
        return title
    return ngettext("%(title)s, and %(count)d more", "%(title)s, and %(count)d more", more) % {
        "title": title,
        "count": more,
    }


def _context(outgoing: Outgoing, subject: str, unsubscribe_url: str | None) -> dict[str, Any]:
    told = outgoing.rows[:MAX_NOTICES]
    return {
        "notices": [_notice(row) for row in told],
        "more": len(outgoing.rows) - len(told),
        "subject": subject,
        "reason": outgoing.reason or _("You haven't read this yet, so it's sent to you by e-mail."),
        "user": outgoing.user,
        "language": outgoing.locale.language,
        "is_rtl": translation.get_language_bidi(),
        "site": links.host(),
        "inbox_url": links.inbox(),
        "manage_url": links.manage(),
        "unsubscribe_url": unsubscribe_url,
        "categories": _labels(outgoing.rows),
    }


def _notice(row: Row) -> dict[str, Any]:
    """What a notice's templates get: the row, with full addresses and a time."""
    names = [name for name in (row["kind"],) if _FILE_NAME.fullmatch(name) and name not in _OURS]
    names.append("notice")
    return row | {
        "title": one_line(row["title"]),
        "body": _tidy(row["body"]),
        "url": links.to_notice(row["url"], row["id"]),
        "actions": [
            {"label": one_line(action["label"]), "url": links.absolute(action["url"])}
            for action in row["actions"]
        ],
        "actor": one_line(row["actor"]["name"]) if row["actor"] else "",
        "created": datetime.fromisoformat(row["created"]),
        "text_templates": [f"{_FOLDER}/{name}.txt" for name in names],
        "html_templates": [f"{_FOLDER}/{name}.html" for name in names],
    }


def _labels(rows: Sequence[Row]) -> list[str]:
    """What people call the categories of these notices, each once."""
    declared = registry.categories()
    keys = dict.fromkeys(row["category"] for row in rows if row["category"])
    return [one_line(str(declared[key].label if key in declared else key)) for key in keys]


def one_line(text: str) -> str:
    """Without line ends and controls, as a header has to be."""
    return "".join(char for char in " ".join(text.split()) if ord(char) >= 32 and ord(char) != 127)


def _tidy(text: str) -> str:
    """At most one empty line between two others, and none at the ends. No spaces at the end of a
    line, except that of a signature's (RFC 3676, 4.3)."""
    lines = [line if line == _SIGNATURE else line.rstrip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
