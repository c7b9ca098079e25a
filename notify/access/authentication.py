"""Who is this, and may the socket stay. Everything here reads the database, so it runs in the
pool."""

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
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db.models.query_utils import DeferredAttribute
from django.utils.crypto import constant_time_compare, salted_hmac

from notify import sql
from notify.access import session_store
from notify.access.handshake import Scope, session_cookie, ticket_of
from notify.access.spent import spend
from notify.access.tickets import Ticket, open_ticket
from notify.models import ApiToken, user_pk
from notify.models.permissions import has_permission
from notify.models.users import user_of
from notify.protocol import Code

logger = logging.getLogger(__name__)

Claim = tuple[str, Any]  # the path of an authentication backend, and the key of a user
# The scopes of the API tokens that are not revoked, by token and user.
Tokens = dict[tuple[int | None, str], list[str]]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose socket it is, and by what right."""

    user: str  # str(pk)
    session_key: str | None = None
    session_name: str | None = None  # by which its end is known
    session_expires: datetime | None = None
    auth_hash: str | None = None  # of the password, as the session has it
    token_id: int | None = None  # of the API token that its ticket was made with

    @property
    def by_token(self) -> bool:
        """Whether an API token opened it, whose scope `inbox` is all that it may do."""
        return self.token_id is not None

    @property
    def kind(self) -> str:
        """By what right, in a word for the log."""
        if self.session_key is not None:
            return "session"
        return "ticket" if self.token_id is None else "token"

    def __repr__(self) -> str:  # no secret gets into a log
        return f"Identity(user={self.user!r})"


def public_user_id(user: str) -> str:
    """What a client knows a user by: opaque, and the same in every process."""
    return salted_hmac("notify.user", user, algorithm="sha256").hexdigest()[:16]


# Who comes


def identify(scopes: Sequence[Scope]) -> list[Identity | None]:
    """Whose handshakes these are: each by its ticket, else by its session cookie. The tickets of
    all are spent last and in one statement, so that whatever fails before may be tried again."""
    rights = [
        session_cookie(scope) if ticket is None else open_ticket(ticket)
        for scope, ticket in zip(scopes, map(ticket_of, scopes), strict=True)
    ]
    keys = (right.session_key if isinstance(right, Ticket) else right for right in rights)
    found = _by_sessions({key for key in keys if key is not None})
    by_nonce = _by_tickets([one for one in rights if isinstance(one, Ticket)], found)
    first = spend(by_nonce)
    by_nonce = {nonce: identity for nonce, identity in by_nonce.items() if nonce in first}
    return [
        # A ticket that comes twice here is the first one's.
        by_nonce.pop(right.nonce, None) if isinstance(right, Ticket) else found.get(right or "")
        for right in rights
    ]


def _by_tickets(
    tickets: Collection[Ticket], sessions: Mapping[str, Identity]
) -> dict[str, Identity]:
    """By the nonce of each; without those whose right has ended. They may be spent."""
    found = {}
    for ticket in tickets:
        if ticket.session_key is None:
            found[ticket.nonce] = Identity(ticket.user, token_id=ticket.token_id)
        elif (held := sessions.get(ticket.session_key)) and held.user == ticket.user:
            found[ticket.nonce] = held
    ended = judge(set(found.values())) if found else {}
    return {nonce: identity for nonce, identity in found.items() if identity not in ended}


def _by_sessions(keys: Collection[str]) -> dict[str, Identity]:
    # Not django.contrib.auth.get_user: it may cycle the key, and no cookie can be set here.
    sessions = session_store.load_sessions(keys)
    claims = {key: claim for key, (held, _) in sessions.items() if (claim := _claim(held))}
    users = _load_users(set(claims.values()))
    names = {key: session_store.session_name(key, sessions[key][0]) for key in claims}
    ended = session_store.ended_of(set(names.values()))
    found = {}
    for key, claim in claims.items():
        user = users.get(claim)
        held, expires = sessions[key]
        auth_hash = held.get(HASH_SESSION_KEY)
        if user is not None and names[key] not in ended and _hash_holds(user, auth_hash):
            found[key] = Identity(
                str(user.pk),
                session_key=key,
                session_name=names[key],
                session_expires=expires,
                auth_hash=auth_hash,
            )
    return found


def _claim(held: dict[str, Any]) -> Claim | None:
    """Who a session says that it is of."""
    try:
        user_id = get_user_model()._meta.pk.to_python(held[SESSION_KEY])
        backend = held[BACKEND_SESSION_KEY]
    except (KeyError, ValidationError):
        return None
    return (backend, user_id) if backend in settings.AUTHENTICATION_BACKENDS else None


def _load_users(claims: Collection[Claim]) -> dict[Claim, Any]:
    """Those whom their backends know: together, where a backend finds them as Django's own does."""
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


def _hash_holds(user: Any, auth_hash: str | None) -> bool:
    if not hasattr(user, "get_session_auth_hash"):
        return True
    good = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(auth_hash or "", one) for one in good)


# Who may stay


def judge(identities: Collection[Identity]) -> dict[Identity, Code]:
    """Whose sockets must close, and with what code, by the truth in the database. Where a cache
    that holds the sessions is away, none of them counts as lost."""
    users = _users({identity.user for identity in identities})
    keys = {one.session_key for one in identities if one.session_key is not None}
    ended = session_store.ended_of({one.session_name or "" for one in identities} - {""})
    lost: set[str] = set()
    try:
        lost = session_store.lost_sessions(keys)
    except session_store.SessionsAway as error:
        logger.warning("Sessions cannot be looked up: %r", error.__cause__)
    tokens = _scopes({one.token_id for one in identities if one.token_id is not None})
    verdicts: dict[Identity, Code] = {}
    for identity in identities:
        is_over = identity.session_key in lost or identity.session_name in ended
        code = _verdict(identity, users.get(identity.user), is_over, tokens)
        if code is not None:
            verdicts[identity] = code
    return verdicts


def _verdict(identity: Identity, user: Any, is_over: bool, tokens: Tokens) -> Code | None:
    """`is_over`: its session was lost, or has ended."""
    scopes = tokens.get((identity.token_id, identity.user))
    if is_over:
        return Code.NOT_SIGNED_IN
    if user is None or (identity.by_token and scopes is None):
        return Code.NOT_SIGNED_IN
    if not getattr(user, "is_active", True):
        return Code.FORBIDDEN
    if scopes is not None and ApiToken.Scope.INBOX not in scopes:
        return Code.FORBIDDEN
    if identity.session_key is not None and not _hash_holds(user, identity.auth_hash):
        return Code.NOT_SIGNED_IN
    return None


@dataclass(slots=True)
class _Account:
    """What is judged of a user, where Django's own code judges it."""

    password: str
    is_active: bool

    get_session_auth_hash = AbstractBaseUser.get_session_auth_hash
    get_session_auth_fallback_hash = AbstractBaseUser.get_session_auth_fallback_hash
    _get_session_auth_hash = AbstractBaseUser._get_session_auth_hash  # type: ignore[attr-defined]

    @classmethod
    def suffices_for(cls, model: Any) -> bool:
        """Whether the model's instances would answer from these two columns: a property of the
        same name would not, and no method of its own."""
        methods = [name for name in vars(cls) if name.endswith("_hash")]
        own = all(getattr(model, name, None) is getattr(cls, name) for name in methods)
        columns = [getattr(model, name, None) for name in cls.__slots__]
        return own and all(type(column) is DeferredAttribute for column in columns)


def _users(keys: Collection[str]) -> dict[str, Any]:
    """By their keys: users, or their accounts, as a model's instances take half the time of all
    that is judged (docs/performance.md)."""
    model = get_user_model()
    users = model._default_manager.using(sql.alias()).filter(pk__in=map(user_pk, keys))
    if _Account.suffices_for(model):
        rows = users.values_list("pk", *_Account.__slots__)
        return {str(key): _Account(*rest) for key, *rest in rows}
    return {str(user.pk): user for user in users}


def _scopes(token_ids: Collection[int]) -> Tokens:
    live = ApiToken.objects.filter(pk__in=token_ids, revoked__isnull=True)
    rows = live.values_list("pk", "user_id", "scopes")
    return {(token_id, str(user_id)): scopes for token_id, user_id, scopes in rows}


def user_has(user: str, permission: str) -> bool:
    """Whether the active user with this key has the permission."""
    found = user_of(user)
    return getattr(found, "is_active", True) and has_permission(found, permission)
