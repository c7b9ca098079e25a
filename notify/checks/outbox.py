"""What leaves the browser: e-mail needs to know where the site is."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from notify import conf
from notify.kinds import registry


@register("notify")
def check_site_url(**options: Any) -> list[CheckMessage]:
    """notify.E011: a kind is sent by e-mail, and its links would lead nowhere."""
    if not _is_mailed() or conf.current().site_url is not None:
        return []
    return [
        Error(
            "A kind declares notify.Email(), and NOTIFY_SITE_URL is not set: no request is at hand "
            "where e-mails are written, and no e-mail can have a link.",
            hint="Set NOTIFY_SITE_URL = 'https://example.org'.",
            id="notify.E011",
        )
    ]


@register("notify", deploy=True)
def check_one_click(**options: Any) -> list[CheckMessage]:
    """notify.W017: e-mails without the header by which mail programs unsubscribe."""
    if not _is_mailed() or not (conf.current().site_url or "").startswith("http://"):
        return []
    return [
        Warning(
            "NOTIFY_SITE_URL has no HTTPS, so e-mails have no List-Unsubscribe (RFC 8058). Large "
            "providers count them as spam sooner.",
            hint="Set NOTIFY_SITE_URL to the https:// address of the site.",
            id="notify.W017",
        )
    ]


def _is_mailed() -> bool:
    if conf.Conf.problems() or not registry.declares_channels():
        return False
    from notify.outbox import Email

    return any(isinstance(one, Email) for one in registry.all_channels())
