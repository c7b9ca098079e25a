"""What the mails of a kind look like, in each language, with example fields.

Only this page's own part imports the outbox, and only where a kind declares a channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.timezone import get_current_timezone_name

from notify.changes import Locale
from notify.inbox import rows
from notify.kinds import registry, rendering
from notify.kinds.example import example
from notify.models import Notice, Reason, content
from notify.sql import database


@dataclass(frozen=True, slots=True)
class Preview:
    """A mail in a language; `error` says why there is none."""

    language: str
    name: str
    subject: str = ""
    text: str = ""
    html: str = ""
    error: str = ""


def mailed_kinds() -> list[type[Any]]:
    """The kinds that declare e-mail."""
    return [kind for kind in registry.all_kinds() if _channel(kind) is not None]


def previews(kind: type[Any], user: Any) -> list[Preview]:
    """The mail of a kind in all LANGUAGES, that of the site first, as it would reach this user."""
    site = settings.LANGUAGE_CODE
    languages = sorted(settings.LANGUAGES, key=lambda one: one[0] != site)
    return [preview(kind, user, code) for code, _name in languages]


def preview(kind: type[Any], user: Any, language: str) -> Preview:
    """Never raises what the code of a project raises: that is what the page shows."""
    name = str(dict(settings.LANGUAGES).get(language, language))
    try:
        message = _message(kind, user, language)
    except Exception as error:  # noqa: BLE001  of a kind, a template or a missing setting
        return Preview(language, name, error=f"{type(error).__name__}: {error}")
    html = next((str(one) for one, kind in _alternatives(message) if kind == "text/html"), "")
    return Preview(language, name, str(message.subject), str(message.body), html)


def _message(kind: type[Any], user: Any, language: str) -> EmailMessage:
    from notify.outbox import Outgoing

    zone = get_current_timezone_name()
    checked = content.check(**rendering.contents(example(kind), language, zone))
    fields = {name: value for name, value in checked.items() if name in _FIELDS}
    row = rows.notice_row(Notice(pk=0, created=database.now(), **fields))
    channel = _channel(kind)
    assert channel is not None  # noqa: S101
    address = str(getattr(user, "email", "") or "ada@example.org")
    with translation.override(language):
        message: EmailMessage = channel.render(
            Outgoing(
                id="preview",
                channel=channel.key,
                user=user,
                address=address,
                locale=Locale(language, zone),
                rows=[row],
                reason=str(Reason.NAME.label),
                may_unsubscribe=channel.key not in kind.required,
                is_preview=True,
            )
        )
    return message


def _channel(kind: type[Any]) -> Any | None:
    declared = registry.declared_by(kind)
    if not declared:
        return None
    from notify.outbox import Email

    return next((one for one in declared if isinstance(one, Email)), None)


def _alternatives(message: EmailMessage) -> list[Any]:
    return [tuple(one) for one in getattr(message, "alternatives", ())]


_FIELDS = {"kind", "category", "level", "title", "body", "url", "actions", "data"}
