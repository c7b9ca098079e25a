from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Any

import pytest

from notify.outbox.channel import (
    AddressRefused,
    Deferred,
    HandOverFailed,
    MessageRefused,
    Unanswered,
)
from notify.outbox.smtp_answers import MAX_TEXT, failure


def recipient(code: int, text: bytes) -> smtplib.SMTPRecipientsRefused:
    return smtplib.SMTPRecipientsRefused({"ada@example.org": (code, text)})


def sender(code: int, text: bytes = b"") -> smtplib.SMTPSenderRefused:
    return smtplib.SMTPSenderRefused(code, text, "site@example.org")


class FromAnApi(Exception):
    def __init__(self, status_code: Any) -> None:
        super().__init__(f"status {status_code}")
        self.status_code = status_code


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (550, b"5.1.1 No such user", AddressRefused),
        (550, b"5.1.1\nNo such user", AddressRefused),
        (550, b"No such user", AddressRefused),
        (551, b"User not local", AddressRefused),
        (553, b"Mailbox name not allowed", AddressRefused),
        (556, b"5.1.10 Recipient address has null MX", AddressRefused),
        (550, b"5.2.1 Mailbox disabled", AddressRefused),
        # A wrong setting of ours would close every address.
        (550, b"5.7.1 Relay access denied", MessageRefused),
        (554, b"5.7.1 Relay access denied", MessageRefused),
        (554, b"Transaction failed", MessageRefused),
        (530, b"5.7.0 Authentication required", Deferred),
        # Full today.
        (552, b"Too much mail data", Deferred),
        (552, b"5.2.2 Mailbox full", Deferred),
        (550, b"5.2.2 Over quota", Deferred),
        (450, b"4.2.0 Greylisted", Deferred),
        (421, b"Busy", Deferred),
        (-1, b"", Deferred),
    ],
)
def test_an_answer_about_the_recipient(
    code: int, text: bytes, expected: type[HandOverFailed]
) -> None:
    assert type(failure(recipient(code, text), committed=False)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (smtplib.SMTPDataError(554, b"5.7.1 Spam"), MessageRefused),
        (smtplib.SMTPDataError(552, b"5.3.4 Too big"), MessageRefused),
        (smtplib.SMTPDataError(451, b"4.3.0 Disk full"), Deferred),
        (smtplib.SMTPDataError(-1, b"garbage"), Unanswered),
    ],
)
def test_an_answer_about_the_message_is_one_also_after_it_has_gone(
    error: Exception, expected: type[HandOverFailed]
) -> None:
    assert type(failure(error, committed=True)) is expected


@pytest.mark.parametrize(
    "error",
    [
        sender(550, b"5.7.1 Sender rejected"),
        sender(451),
        smtplib.SMTPAuthenticationError(535, b"5.7.8 Bad credentials"),
        smtplib.SMTPHeloError(501, b"?"),
        smtplib.SMTPConnectError(554, b"No SMTP service here"),
        smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."),
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        smtplib.SMTPException("No suitable authentication method found."),
        ConnectionRefusedError(111, "Connection refused"),
        ConnectionResetError(),
        TimeoutError("timed out"),
        OSError("No route to host"),
        socket.gaierror(-2, "Name or service not known"),
        ssl.SSLCertVerificationError("self-signed certificate"),
        ImportError("no such backend"),
        ValueError("EMAIL_USE_TLS/EMAIL_USE_SSL are mutually exclusive"),
    ],
)
def test_before_the_message_has_gone_all_that_is_about_neither_is_tried_again(
    error: Exception,
) -> None:
    assert type(failure(error, committed=False)) is Deferred


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPServerDisconnected("Connection unexpectedly closed"),
        smtplib.SMTPResponseException(500, "Line too long."),
        ConnectionResetError(),
        TimeoutError("timed out"),
        ssl.SSLError("bad record"),
        ValueError("?"),
    ],
)
def test_after_it_has_gone_no_answer_is_unknown(error: Exception) -> None:
    assert type(failure(error, committed=True)) is Unanswered


def test_a_message_that_is_too_large_is_refused_at_mail() -> None:
    assert type(failure(sender(552, b"5.3.4 Too big"), committed=False)) is MessageRefused


@pytest.mark.parametrize("error", [ConnectionRefusedError(), socket.gaierror()])
def test_where_nobody_was_reached_nobody_has_taken_it(error: Exception) -> None:
    """Of a backend of which it is not known how far it has come."""
    assert type(failure(error, committed=True)) is Deferred


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, MessageRefused) for status in (400, 422)),
        *((status, Deferred) for status in (401, 403, 408, 429, 500, 503)),
        (None, Unanswered),
    ],
)
def test_an_api_answers_by_its_status(status: Any, expected: type[HandOverFailed]) -> None:
    assert type(failure(FromAnApi(status), committed=True)) is expected


def test_an_answer_of_ours_stays() -> None:
    ours = AddressRefused("no such phone")
    assert failure(ours, committed=True) is ours


def test_it_says_what_the_server_said_on_one_line() -> None:
    error = failure(
        smtplib.SMTPDataError(554, b"5.7.1 Spam\r\nsee\x07 \xff " + b"x" * 999), committed=True
    )
    assert str(error).startswith("554 5.7.1 Spam see\ufffd \ufffd xxx")
    assert len(str(error)) == MAX_TEXT
