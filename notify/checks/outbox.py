"""What leaves the browser: e-mail needs to know where the site is, and by what it goes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
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


@register("notify")
def check_mailers(**options: Any) -> list[CheckMessage]:
    """notify.E012: a channel sends by a mailer that the site does not have."""
    if not _is_mailed():
        return []
    from notify.outbox import Email

    # A site that still has EMAIL_BACKEND has a default one.
    mailers = list(getattr(settings, "MAILERS", ["default"]))
    used = {one.using for one in registry.all_channels() if isinstance(one, Email) and one.using}
    return [
        Error(
            f"Email(using={name!r}): MAILERS has no {name!r}, so no e-mail can go by it.",
            hint=f"Add it to MAILERS, which has {', '.join(map(repr, mailers)) or 'nothing yet'}.",
            id="notify.E012",
        )
        for name in sorted(used - {*mailers})
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
