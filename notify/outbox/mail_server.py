"""Handing an e-mail to Django's mail, with a limit on the whole dialogue.

The answer must be sure: what was taken is not sent twice, and what was not taken is not lost. So it
is noted when the end of the message leaves this process. Before that, whatever fails, nobody has
taken it; after that, a connection that ends without an answer leaves it unknown.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.core import mail

from notify.outbox import deadlines, smtp_answers
from notify.outbox.channel import Deferred, MessageRefused, Unanswered

LIMIT = timedelta(seconds=60)
QUIT_LIMIT = timedelta(seconds=5)
KEPT_FOR_S = 30.0  # unused: many servers end a connection after a minute
_BUSY = 421  # RFC 5321: the server closes the connection, which may have had its share of messages


class Attempt:
    """How far one message has come. Either it is committed or its caller has left, never both."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.committed = False
        self._abandoned = False
        self.connection: Any = None

    def commit(self) -> None:
        """Called just before the server can have all of the message.

        Raises:
            TimeoutError: Nobody waits any more, and the message will be tried again.
        """
        with self._lock:
            if self._abandoned:
                raise TimeoutError("abandoned")
            self.committed = True

    def abandon(self) -> None:
        """From now on it is not committed. What hangs in a socket of smtplib ends at once."""
        with self._lock:
            self._abandoned = True
        _cut(self.connection)


class _Idle:
    """The connections that were used a moment ago, by mailer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str | None, tuple[Any, float]] = {}

    def take(self, using: str | None) -> Any:
        with self._lock:
            connection, since = self._kept.pop(using, (None, 0.0))
        if connection is not None and time.monotonic() - since > KEPT_FOR_S:
            _quit(using, connection)
            return None
        return connection

    def give(self, using: str | None, connection: Any) -> None:
        with self._lock:
            other, _since = self._kept.pop(using, (None, 0.0))
            self._kept[using] = (connection, time.monotonic())
        if other is not None:
            _quit(using, other)

    def close(self) -> None:
        with self._lock:
            kept, self._kept = self._kept, {}
        for using, (connection, _since) in kept.items():
            _quit(using, connection)


_idle = _Idle()


def hand_over(
    message: mail.EmailMultiAlternatives, using: str | None = None, limit: timedelta = LIMIT
) -> None:
    """Returns once the server has taken it.

    Args:
        message: With a single recipient.
        using: Which of MAILERS (Django 6.1); by default the default one.
        limit: For the whole dialogue, from the connection on.

    Raises:
        Deferred, AddressRefused, MessageRefused, Unanswered: See there.
    """
    _check(message)
    attempt = Attempt()
    try:
        deadlines.within(limit, what(using), partial(_send, message, using, limit, attempt))
    except deadlines.TooManyOverdue as error:
        raise Deferred(f"The mail server hangs: {error}") from error
    except deadlines.Overdue as error:
        attempt.abandon()
        raise (Unanswered if attempt.committed else Deferred)(str(error)) from error
    except Exception as error:
        raise smtp_answers.failure(error, committed=attempt.committed) from error


def what(using: str | None = None) -> str:
    """The server of this mailer, for `deadlines`."""
    return f"mail ({using or 'default'})"


def _check(message: mail.EmailMultiAlternatives) -> None:
    """What cannot be written now never can; later, the same error could be about a setting."""
    try:
        message.message().as_bytes()
    except Exception as error:
        raise MessageRefused(f"{type(error).__name__}: {error}") from error


def close_idle() -> None:
    """Ends the connections that are kept for the next message."""
    _idle.close()


def _send(
    message: mail.EmailMultiAlternatives, using: str | None, limit: timedelta, attempt: Attempt
) -> None:
    kept = _idle.take(using)
    if kept is not None:
        try:
            _send_by(kept, message, using, attempt)
            return
        except Exception as error:
            if attempt.committed or not _has_ended(error):
                raise
    _send_by(_new_connection(using, limit), message, using, attempt)


def _send_by(
    connection: Any, message: mail.EmailMultiAlternatives, using: str | None, attempt: Attempt
) -> None:
    attempt.connection = connection
    try:
        # Opened here, as `send_messages` ends what it has opened: a QUIT without an answer would
        # look as if the message had none.
        connection.open()
        smtp = getattr(connection, "connection", None)
        if isinstance(smtp, smtplib.SMTP):
            smtp.send = partial(_watched, attempt, partial(type(smtp).send, smtp))  # type: ignore[method-assign]
        else:
            attempt.commit()
        if connection.send_messages([message]) == 0:
            raise Deferred("The e-mail backend says that it has sent nothing.")
    except BaseException:
        _drop(connection)
        raise
    _idle.give(using, connection)


def _watched(attempt: Attempt, send: Callable[[Any], None], data: Any) -> None:
    """`smtplib.SMTP.send`. Only the message itself comes as bytes, and with its end."""
    if isinstance(data, bytes):
        attempt.commit()
    send(data)


def _new_connection(using: str | None, limit: timedelta) -> Any:
    mailers: Any = getattr(mail, "mailers", None)  # Django 6.1
    connection: Any = mail.get_connection() if mailers is None else mailers[using or "default"]
    if getattr(connection, "timeout", limit) is None:  # EMAIL_TIMEOUT is not set
        connection.timeout = limit.total_seconds()
    return connection


def _has_ended(error: Exception) -> bool:
    """Whether the server has ended a connection that was kept, or is about to."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return any(code == _BUSY for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code == _BUSY
    is_network = isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException)
    return is_network or isinstance(error, smtplib.SMTPServerDisconnected)


def _smtp_of(connection: Any) -> list[smtplib.SMTP]:
    """Those of Django's SMTP backend, and of backends that extend it."""
    found = (getattr(connection, name, None) for name in ("connection", "_partial_connection"))
    return [one for one in found if isinstance(one, smtplib.SMTP)]


def _cut(connection: Any) -> None:
    """Wakes a thread that waits for the server."""
    for smtp in _smtp_of(connection):
        if smtp.sock is not None:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown, which takes TLS away under a thread that reads.
                socket.socket.shutdown(smtp.sock, socket.SHUT_RDWR)


def _drop(connection: Any) -> None:
    """Without a QUIT, as the server may hang."""
    several = _smtp_of(connection)
    for smtp in several:
        smtp.close()
    if not several:
        with contextlib.suppress(Exception):
            connection.close()


def _quit(using: str | None, connection: Any) -> None:
    try:
        # Apart: what becomes of a QUIT says nothing of the next message.
        deadlines.within(QUIT_LIMIT, f"{what(using)}, QUIT", connection.close)
    except Exception:  # noqa: BLE001  every message of it has had its answer
        _cut(connection)
        _drop(connection)
