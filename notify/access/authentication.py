"""Authentication of handshakes and revalidation of open sockets. Everything here reads the
database, so it runs in the database pool."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
    load_backend,
)
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare, salted_hmac

from notify import sql
from notify.access import session_store
from notify.access.handshake import Scope, session_cookie, ticket_of
from notify.access.tickets import Ticket, open_ticket, spend_tickets
from notify.models import ApiToken, user_pk
from notify.models.permissions import has_permission
from notify.models.users import user_of
from notify.protocol import Code

logger = logging.getLogger(__name__)

Claim = tuple[str, Any]  # the path of an authentication backend and the primary key of a user
# The scopes of API tokens that are not revoked, by token and user.
Tokens = dict[tuple[int | None, str], list[str]]


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of a socket and the credential that it was opened with."""

    user: str  # str(pk)
    session_key: str | None = None
    session_name: str | None = None  # under which the session's end is recorded
    session_expires: datetime | None = None
    auth_hash: str | None = None  # of the password, from the session
    token_id: int | None = None  # of the API token that the ticket was issued to

    @property
    def by_token(self) -> bool:
        """Whether an API token opened the socket, so that it has the scope `inbox` and no more."""
        return self.token_id is not None

    @property
    def kind(self) -> str:
        """The kind of credential, for the log: `session`, `ticket` or `token`."""
        if self.session_key is not None:
            return "session"
        return "ticket" if self.token_id is None else "token"

    def __repr__(self) -> str:  # keeps secrets out of logs
        return f"Identity(user={self.user!r})"


def public_user_id(user: str) -> str:
    """The opaque identifier of a user for clients, the same in every process."""
    return salted_hmac("notify.user", user, algorithm="sha256").hexdigest()[:16]


def user_has(user: str, permission: str) -> bool:
    """Whether the user with this primary key is active and has the permission."""
    found = user_of(user)
    return getattr(found, "is_active", True) and has_permission(found, permission)


# Authentication


def identify(scopes: Sequence[Scope]) -> list[Identity | None]:
    """Authenticates handshakes, each by its ticket or else by its session cookie. All tickets are
    spent last and in one statement, so that the client can retry after any failure before that.

    Args:
        scopes: The ASGI scopes of the handshakes.

    Returns:
        An identity for each scope, in the same order; None where nobody is signed in.

    Raises:
        SessionsUnavailable: The cache that holds the sessions cannot be reached.
    """
    credentials = [
        session_cookie(scope) if ticket is None else open_ticket(ticket)
        for scope, ticket in zip(scopes, map(ticket_of, scopes), strict=True)
    ]
    keys = (one.session_key if isinstance(one, Ticket) else one for one in credentials)
    by_session = _by_sessions({key for key in keys if key is not None})
    by_nonce = _by_tickets([one for one in credentials if isinstance(one, Ticket)], by_session)
    unspent = spend_tickets(by_nonce)
    by_nonce = {nonce: identity for nonce, identity in by_nonce.items() if nonce in unspent}
    return [
        # If two of these handshakes have the same ticket, the first one gets it.
        by_nonce.pop(one.nonce, None) if isinstance(one, Ticket) else by_session.get(one or "")
        for one in credentials
    ]


def _by_tickets(
    tickets: Collection[Ticket], by_session: Mapping[str, Identity]
) -> dict[str, Identity]:
    """Identities by the nonces of their tickets, without those whose credential has ended. The
    tickets may have been spent."""
    found = {}
    for ticket in tickets:
        if ticket.session_key is None:
            found[ticket.nonce] = Identity(ticket.user, token_id=ticket.token_id)
        elif (held := by_session.get(ticket.session_key)) and held.user == ticket.user:
            found[ticket.nonce] = held
    ended = revalidate(set(found.values())) if found else {}
    return {nonce: identity for nonce, identity in found.items() if identity not in ended}


def _by_sessions(keys: Collection[str]) -> dict[str, Identity]:
    # Not django.contrib.auth.get_user: it may cycle the key, and no cookie can be set here.
    sessions = session_store.load_sessions(keys)
    claims = {key: claim for key, (data, _) in sessions.items() if (claim := _claim(data))}
    users = _load_users(set(claims.values()))
    names = {key: session_store.session_name(key, sessions[key][0]) for key in claims}
    ended = session_store.ended_names(set(names.values()))
    found = {}
    for key, claim in claims.items():
        user = users.get(claim)
        data, expires = sessions[key]
        auth_hash = data.get(HASH_SESSION_KEY)
        if user is not None and names[key] not in ended and _is_valid_hash(user, auth_hash):
            found[key] = Identity(
                str(user.pk),
                session_key=key,
                session_name=names[key],
                session_expires=expires,
                auth_hash=auth_hash,
            )
    return found


def _claim(data: dict[str, Any]) -> Claim | None:
    """The user that a session's data names; None if it names none or an unknown backend."""
    try:
        user_id = get_user_model()._meta.pk.to_python(data[SESSION_KEY])
        backend = data[BACKEND_SESSION_KEY]
    except (KeyError, ValidationError):
        return None
    return (backend, user_id) if backend in settings.AUTHENTICATION_BACKENDS else None


def _load_users(claims: Collection[Claim]) -> dict[Claim, Any]:
    """The users that their backends accept. One query for all users of a backend that has Django's
    own `get_user`."""
    found: dict[Claim, Any] = {}
    for path in {path for path, _ in claims}:
        backend: Any = load_backend(path)
        ids = [user_id for of, user_id in claims if of == path]
        if getattr(type(backend), "get_user", None) is ModelBackend.get_user:
            users = get_user_model()._default_manager.using(sql.alias()).filter(pk__in=ids)
            found |= {(path, u.pk): u for u in users if backend.user_can_authenticate(u)}
        else:
            found |= {(path, user_id): backend.get_user(user_id) for user_id in ids}
    return found


def _is_valid_hash(user: Any, auth_hash: str | None) -> bool:
    """Whether the session's hash is of the user's current password, as in Django's `get_user`."""
    if not hasattr(user, "get_session_auth_hash"):
        return True
    valid = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(auth_hash or "", one) for one in valid)


# Revalidation


def revalidate(identities: Collection[Identity]) -> dict[Identity, Code]:
    """Checks credentials against the database. While a cache that holds the sessions is
    unreachable, no session counts as lost.

    Args:
        identities: The identities of open sockets.

    Returns:
        The close codes of those identities whose sockets must close.
    """
    users = _users({identity.user for identity in identities})
    keys = {one.session_key for one in identities if one.session_key is not None}
    ended = session_store.ended_names({one.session_name or "" for one in identities} - {""})
    lost: set[str] = set()
    try:
        lost = session_store.lost_sessions(keys)
    except session_store.SessionsUnavailable as error:
        logger.warning("Sessions cannot be looked up: %r", error.__cause__)
    tokens = _scopes({one.token_id for one in identities if one.token_id is not None})
    codes: dict[Identity, Code] = {}
    for identity in identities:
        has_ended = identity.session_key in lost or identity.session_name in ended
        code = _close_code(identity, users.get(identity.user), has_ended, tokens)
        if code is not None:
            codes[identity] = code
    return codes


def _close_code(identity: Identity, user: Any, has_ended: bool, tokens: Tokens) -> Code | None:
    """`has_ended`: whether the session was lost or signed out."""
    scopes = tokens.get((identity.token_id, identity.user))
    if has_ended:
        return Code.NOT_SIGNED_IN
    if user is None or (identity.by_token and scopes is None):
        return Code.NOT_SIGNED_IN
    if not getattr(user, "is_active", True):
        return Code.FORBIDDEN
    if scopes is not None and ApiToken.Scope.INBOX not in scopes:
        return Code.FORBIDDEN
    if identity.session_key is not None and not _is_valid_hash(user, identity.auth_hash):
        return Code.NOT_SIGNED_IN
    return None


def _users(keys: Collection[str]) -> dict[str, Any]:
    users = get_user_model()._default_manager.using(sql.alias())
    return {str(user.pk): user for user in users.filter(pk__in=map(user_pk, keys))}


def _scopes(token_ids: Collection[int]) -> Tokens:
    valid = ApiToken.objects.filter(pk__in=token_ids, revoked__isnull=True)
    rows = valid.values_list("pk", "user_id", "scopes")
    return {(token_id, str(user_id)): scopes for token_id, user_id, scopes in rows}
