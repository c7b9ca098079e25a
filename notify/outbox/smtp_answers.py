"""What becomes of a message, by how the mail server or the way to it has failed."""

from __future__ import annotations

import re
import smtplib
import socket

from notify.outbox.channel import (
    AddressRefused,
    Deferred,
    HandOverFailed,
    MessageRefused,
    Unanswered,
)

MAX_TEXT = 300
# RFC 5321, 4.2.3: codes that speak of the mailbox, where no enhanced code says it better.
_OF_MAILBOX = {550, 551, 553}
_TOO_MUCH = 552  # of storage: full today (4.5.3.1.10 has it as temporary); too large, if after MAIL
_SIGN_IN = {530, 534, 535, 538}  # RFC 4954: our settings are wrong
# RFC 3463: no such mailbox, domain, or syntax; moved; null MX (RFC 7505); disabled.
_NOBODY_THERE = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}
_FULL = {"5.2.2"}
_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_TOO_MANY_REQUESTS = 429


def failure(error: Exception, *, committed: bool) -> HandOverFailed:
    """The answer as an exception of channels.

    Args:
        error: As smtplib, the network, or an e-mail backend has raised it.
        committed: Whether the server may have had all of the message. What says neither yes nor no
            is Unanswered then.
    """
    match error:
        case HandOverFailed():
            return error
        case smtplib.SMTPRecipientsRefused():
            return _of_recipient(*next(iter(error.recipients.values())))
        case smtplib.SMTPSenderRefused() if error.smtp_code == _TOO_MUCH:
            return MessageRefused(_text(error.smtp_code, error.smtp_error))
        case smtplib.SMTPDataError() if 500 <= error.smtp_code <= 599:
            return MessageRefused(_text(error.smtp_code, error.smtp_error))
        case smtplib.SMTPDataError() if 400 <= error.smtp_code <= 499:
            return Deferred(_text(error.smtp_code, error.smtp_error))
        case ConnectionRefusedError() | socket.gaierror():  # no byte has left
            return Deferred(_said(error))
    status = getattr(error, "status_code", None)
    if isinstance(status, int) and not isinstance(error, smtplib.SMTPException):
        return _of_http(status, error)
    return (Unanswered if committed else Deferred)(_said(error))


def _of_recipient(code: int, answer: bytes | str) -> HandOverFailed:
    """An answer to RCPT. What is not about the mailbox, such as "relay access denied", must not
    close the address: it may be said of every address, while a setting is wrong."""
    text = _text(code, answer)
    found = _ENHANCED.match(_decoded(answer))
    enhanced = found.group(1) if found else ""
    if not 500 <= code <= 599 or code in _SIGN_IN or enhanced in _FULL:
        return Deferred(text)
    if enhanced in _NOBODY_THERE or (not enhanced and code in _OF_MAILBOX):
        return AddressRefused(text)
    return Deferred(text) if code == _TOO_MUCH else MessageRefused(text)


def _of_http(status: int, error: Exception) -> HandOverFailed:
    """The status of a provider's API, as the exceptions of django-anymail carry it."""
    if 400 <= status < 500 and status not in {401, 403, 408, _TOO_MANY_REQUESTS}:
        return MessageRefused(_said(error))
    return Deferred(_said(error))


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _text(error.smtp_code, error.smtp_error)
    return _printable(f"{type(error).__name__}: {error}")


def _text(code: int, answer: bytes | str) -> str:
    return _printable(f"{code} {_decoded(answer)}")


def _decoded(answer: bytes | str) -> str:
    return answer if isinstance(answer, str) else answer.decode(errors="replace")


def _printable(text: str) -> str:
    """On one line, and as long as a table shows it."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "\ufffd" for char in line)[:MAX_TEXT]
