"""A test e-mail, for `notify_doctor --email`: by the road of all others, and what is answered."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives

from notify.kinds import registry
from notify.models.outbox import new_message_id
from notify.outbox import Email, links, mail_server
from notify.outbox.addresses import deliverable
from notify.outbox.channel import AddressRefused, Deferred, HandOverFailed, MessageRefused

DEFAULT = "default"
_MEANING: dict[type[HandOverFailed], str] = {
    Deferred: "nobody has taken it; a notification would be tried again for three days",
    AddressRefused: "there is nobody at the address; a person with it would get nothing more there",
    MessageRefused: "the server will never take it; check the sender (DEFAULT_FROM_EMAIL) and the "
    "server's rules",
}
_UNKNOWN = "it may have been taken; a notification would count as unknown, and not be sent again"


class MailFinding(NamedTuple):
    level: str  # ok, hint or FAIL
    step: str
    text: str


def examine_email(address: str) -> Iterator[MailFinding]:
    """Sends one to this address by each mailer that a declared channel uses, or else by the default
    one, and tells what happened."""
    try:
        host = links.host()
    except ImproperlyConfigured as error:
        yield MailFinding("FAIL", "site", str(error).rstrip("."))
        return
    yield MailFinding("ok", "site", f"links lead to {links.site_url()}")
    if not links.site_url().startswith("https://"):
        text = "mail programs show no button to unsubscribe: it needs https:// (RFC 8058)"
        yield MailFinding("hint", "site", text)
    if "localhost" in settings.DEFAULT_FROM_EMAIL:
        text = f"the sender is {settings.DEFAULT_FROM_EMAIL}: set DEFAULT_FROM_EMAIL"
        yield MailFinding("hint", "sender", text)
    for using in _mailers():
        yield _sent(address, host, using)


def _mailers() -> list[str]:
    """Their names in MAILERS, or the only one before Django 6.1."""
    emails = [one for one in registry.all_channels() if isinstance(one, Email)]
    return sorted({one.using or DEFAULT for one in emails} or {DEFAULT})


def _sent(address: str, host: str, using: str) -> MailFinding:
    step = "mail" if using == DEFAULT else f"mail {using}"
    with _answers() as answers:
        try:
            mail_server.hand_over(_message(deliverable(address), host), using)
        except HandOverFailed as error:
            said = str(error).rstrip(".")
            return MailFinding("FAIL", step, f"{said}: {_MEANING.get(type(error), _UNKNOWN)}")
        finally:
            last = answers[-1] if answers else "the e-mail backend has taken it"
            mail_server.close_idle()
    return MailFinding("ok", step, f"to {address}: {last}")


def _message(address: str, host: str) -> EmailMultiAlternatives:
    return EmailMultiAlternatives(
        f"Test e-mail of {host}",
        f"notify_doctor has sent this from {host}. Nothing needs to be done.\n",
        to=[address],
        headers={
            "Message-ID": f"<{new_message_id()}@{host}>",
            "Auto-Submitted": "auto-generated",
        },
    )


@contextmanager
def _answers() -> Iterator[list[str]]:
    """What servers answer meanwhile, such as "250 2.0.0 Ok: queued as 4F2A". smtplib tells its
    callers only of refusals."""
    answers: list[str] = []
    getreply = smtplib.SMTP.getreply

    def heard(smtp: smtplib.SMTP) -> tuple[int, bytes]:
        code, text = getreply(smtp)
        answers.append(" ".join(f"{code} {text.decode(errors='replace')}".split()))
        return code, text

    smtplib.SMTP.getreply = heard  # type: ignore[method-assign,assignment]
    try:
        yield answers
    finally:
        smtplib.SMTP.getreply = getreply  # type: ignore[method-assign]
