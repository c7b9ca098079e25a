"""Tickets: each signed, and good for one socket of one user."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core import signing
from django.utils.crypto import salted_hmac

from notify.sql import database

TICKET_LIFETIME_S = 60


class _Signer(signing.TimestampSigner):
    """Django's, by the clock of the database: what one process signs, another reads."""

    def timestamp(self) -> str:
        return signing.b62_encode(int(database.now().timestamp()))

    def unsign(self, value: str, max_age: float | None = None) -> str:  # type: ignore[override]
        signed = signing.Signer.unsign(self, value)
        content, signed_at = signed.rsplit(self.sep, 1)
        age = database.now().timestamp() - signing.b62_decode(signed_at)
        if max_age is not None and age > max_age:
            raise signing.SignatureExpired(f"Signature age {age} > {max_age} seconds")
        return content


_SIGNER = _Signer(salt="notify.ticket")


class Ticket(NamedTuple):
    """What a ticket says that has not been forged."""

    nonce: str
    user: str
    session_key: str | None
    token_id: int | None


def issue_ticket(user: str, *, session_key: str | None = None, token_id: int | None = None) -> str:
    """A ticket of this user: good for 60 s and for one socket.

    It carries the right that it was made with (a session, or an API token), so that the socket
    ends with it.
    """
    content = {
        "user": user,
        "nonce": secrets.token_hex(16),
        "session": None if session_key is None else _seal().encrypt(session_key.encode()).decode(),
        "token": token_id,
    }
    return _SIGNER.sign_object(content)


def _seal() -> MultiFernet:
    """What a ticket is signed with does not hide what it says, and a ticket in a query string gets
    into logs: the session's key is a secret for longer than the ticket is good."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [
        salted_hmac("notify.ticket.session", "", secret=key, algorithm="sha256").digest()
        for key in keys
    ]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])


def open_ticket(ticket: str) -> Ticket | None:
    """What it says; None if it is forged, or too old."""
    try:
        content = _SIGNER.unsign_object(ticket, max_age=TICKET_LIFETIME_S)
        sealed = content["session"]
        session_key = None if sealed is None else _seal().decrypt(sealed.encode()).decode()
    except (signing.BadSignature, InvalidToken):
        return None
    return Ticket(content["nonce"], content["user"], session_key, content["token"])
