"""Tickets: encrypted, short-lived, and good for one socket of one user.

A ticket is a Fernet token. It hides its content, because a ticket in a query string gets into logs,
and a session key stays secret for longer than the ticket is valid. Its time is that of the
database, because another process may check the ticket.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

from notify import sql
from notify.models import SpentTicket
from notify.sql import database

TICKET_LIFETIME_S = 60


class Ticket(NamedTuple):
    """The verified content of a ticket."""

    nonce: str
    user: str
    session_key: str | None
    token_id: int | None


def issue_ticket(user: str, *, session_key: str | None = None, token_id: int | None = None) -> str:
    """Issues a ticket, good for 60 s and for one socket.

    Args:
        user: The user's primary key, as a string.
        session_key: The session that the ticket is issued to. The socket ends with it.
        token_id: The API token that the ticket is issued to. The socket ends with it.

    Returns:
        The ticket, for the `Authorization` header or the query string of a handshake.
    """
    content = Ticket(secrets.token_hex(16), user, session_key, token_id)
    return _fernet().encrypt_at_time(json.dumps(content).encode(), _now()).decode()


def open_ticket(ticket: str) -> Ticket | None:
    """Verifies and decrypts a ticket.

    Returns:
        Its content; None if the ticket is forged or expired.
    """
    try:
        content = _fernet().decrypt_at_time(ticket.encode(), TICKET_LIFETIME_S, _now())
    except InvalidToken:
        return None
    return Ticket(*json.loads(content))


def spend_tickets(nonces: Collection[str]) -> set[str]:
    """Spends these tickets in one statement: all or none. The insert decides between two
    handshakes that use the same ticket.

    Returns:
        The nonces that had not been spent before.
    """
    if not nonces:
        return set()
    spent = sql.moment(database.now())
    # Sorted: concurrent inserts of the same nonces wait for each other and do not deadlock.
    rows = [value for nonce in sorted(set(nonces)) for value in (nonce, spent)]
    places = ", ".join(["(%s, %s)"] * (len(rows) // 2))
    inserted = sql.fetch(
        f"INSERT INTO {sql.table(SpentTicket)} (nonce, spent) VALUES {places}"
        " ON CONFLICT (nonce) DO NOTHING RETURNING nonce",
        rows,
    )
    return {nonce for (nonce,) in inserted}


def _now() -> int:
    return int(database.now().timestamp())


def _fernet() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [
        salted_hmac("notify.ticket", "", secret=key, algorithm="sha256").digest() for key in keys
    ]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
