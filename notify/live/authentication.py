"""Who is this, and is the session still good. Everything here reads the database, so it runs in
the pool, but for the checks of a request's headers."""

from __future__ import annotations

import hashlib
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
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
from django.contrib.sessions.backends.cache import SessionStore as CacheSession
from django.core import signing
from django.core.exceptions import DisallowedHost, ValidationError
from django.core.handlers.asgi import ASGIRequest
from django.db import IntegrityError, OperationalError, transaction
from django.db.models.query_utils import DeferredAttribute
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from notify import conf
from notify.inbox import sql
from notify.live.protocol import Code
from notify.models import ApiToken, EndedSession, SpentTicket, user_pk

logger = logging.getLogger(__name__)

TICKET_LIFETIME_S = 60
MANY_SESSIONS = 1000  # judged together, above which those that ended are read and compared
_TICKETS = signing.TimestampSigner(salt="notify.ticket")

Scope = dict[str, Any]
Claim = tuple[str, Any]  # the path of an authentication backend, and the key of a user


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose socket it is, and by what right."""

    user: str  # str(pk)
    session_key: str | None = None
    session_expires: datetime | None = None
    auth_hash: str | None = None  # of the password, as the session has it
    token_id: int | None = None  # of the API token that its ticket was made with

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


# The handshake


def request_of(scope: Scope) -> ASGIRequest:
    """The handshake as Django sees a request, so that its settings about proxies hold here too.

    Without what Django would decode, and raise at, though it says nothing here: the type of a body
    that a handshake has not, and the query string.
    """
    http = {**scope, "type": "http", "method": "GET", "query_string": b""}
    http["headers"] = [pair for pair in scope["headers"] if pair[0].lower() != b"content-type"]
    http["scheme"] = "https" if scope.get("scheme") == "wss" else "http"
    return ASGIRequest(http, BytesIO())


def origin_allowed(scope: Scope) -> bool:
    """Whether the handshake comes from a page of ours: scheme, host and port must be equal."""
    origin = header(scope, b"origin")
    if origin is None or not _is_origin(origin):
        return False
    if origin.lower() in conf.current().allowed_origins:
        return True
    request = request_of(scope)
    try:
        own = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return False
    return _normal(origin) == _normal(own)


def _is_origin(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and value == f"{parts.scheme}://{parts.netloc}"
            and "@" not in parts.netloc
            and parts.port != 0  # asking for the port raises ValueError where it is none
        )
    except ValueError:
        return False


def _normal(origin: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(origin)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def header(scope: Scope, name: bytes) -> str | None:
    """The one value of a header; None if it is absent, or ambiguous."""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def ticket_of(scope: Scope) -> str | None:
    """The ticket that a handshake brings, in its header or in its query string."""
    scheme, _, value = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return query(scope).get("ticket")


def query(scope: Scope) -> dict[str, str]:
    """The query string, of each name the first value; nothing of one with more than 20 fields."""
    try:
        found = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


# Tickets


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
    return _TICKETS.sign_object(content)


def _seal() -> MultiFernet:
    """What a ticket is signed with does not hide what it says, and a ticket in a query string gets
    into logs: the session's key is a secret for longer than the ticket is good."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [
        salted_hmac("notify.ticket.session", "", secret=key, algorithm="sha256").digest()
        for key in keys
    ]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])


class _Ticket(NamedTuple):
    nonce: str
    user: str
    session_key: str | None
    token_id: int | None


def _open(ticket: str) -> _Ticket | None:
    """What it says; None if it is forged, or too old."""
    try:
        content = _TICKETS.unsign_object(ticket, max_age=TICKET_LIFETIME_S)
        sealed = content["session"]
        session_key = None if sealed is None else _seal().decrypt(sealed.encode()).decode()
    except (signing.BadSignature, InvalidToken):
        return None
    return _Ticket(content["nonce"], content["user"], session_key, content["token"])


def _spend(ticket: _Ticket, sessions: Mapping[str, Identity]) -> Identity | None:
    """None if it is spent, or its right has ended."""
    try:
        with transaction.atomic(using=sql.alias()):
            SpentTicket(nonce=ticket.nonce).save(force_insert=True, using=sql.alias())
    except IntegrityError:
        return None
    if ticket.session_key is not None:
        identity = sessions.get(ticket.session_key)
    else:
        identity = Identity(ticket.user, token_id=ticket.token_id)
    if identity is None or identity.user != ticket.user or judge([identity]):
        return None
    return identity


# Sessions


class SessionsAway(OperationalError):
    """The cache that holds the sessions cannot be asked."""


def identify(scopes: Sequence[Scope]) -> list[Identity | None]:
    """Whose handshakes these are: each by its ticket, else by its session cookie. A ticket is spent
    when all that may be away has been asked, as they may be tried again."""
    rights = [
        _session_cookie(scope) if ticket is None else _open(ticket)
        for scope, ticket in zip(scopes, map(ticket_of, scopes), strict=True)
    ]
    keys = (right.session_key if isinstance(right, _Ticket) else right for right in rights)
    found = _by_sessions({key for key in keys if key is not None})
    return [
        _spend(right, found) if isinstance(right, _Ticket) else found.get(right or "")
        for right in rights
    ]


def _session_cookie(scope: Scope) -> str | None:
    """The session's key; None for one that no session has, such as PostgreSQL would not take."""
    cookie = request_of(scope).COOKIES.get(settings.SESSION_COOKIE_NAME)
    return cookie if cookie and cookie.isprintable() else None


def _by_sessions(keys: Collection[str]) -> dict[str, Identity]:
    # Not django.contrib.auth.get_user: it may cycle the key, and no cookie can be set here.
    sessions = _load_sessions(keys)
    claims = {key: claim for key, (held, _) in sessions.items() if (claim := _claim(held))}
    users = _load_users(set(claims.values()))
    ended = _has_ended(claims)
    found = {}
    for key, claim in claims.items():
        user = users.get(claim)
        held, expires = sessions[key]
        auth_hash = held.get(HASH_SESSION_KEY)
        if user is not None and key not in ended and _hash_holds(user, auth_hash):
            found[key] = Identity(
                str(user.pk), session_key=key, session_expires=expires, auth_hash=auth_hash
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
            users = get_user_model()._default_manager.filter(pk__in=ids)
            found |= {(path, u.pk): u for u in users if backend.user_can_authenticate(u)}
        else:
            found |= {(path, user_id): backend.get_user(user_id) for user_id in ids}
    return found


def _load_sessions(keys: Collection[str]) -> dict[str, tuple[dict[str, Any], datetime | None]]:
    """What each session holds, and its end where the engine knows it."""
    store = _session_store()
    if not hasattr(store, "get_model_class"):
        return {key: (_load_session(store(key), key), None) for key in keys}
    rows = store.get_model_class().objects.filter(
        session_key__in=keys, expire_date__gt=timezone.now()
    )
    return {row.session_key: (row.get_decoded(), row.expire_date) for row in rows}


def _load_session(session: Any, key: str) -> dict[str, Any]:
    """What it holds. Django takes a cache that is away for one that has no such session, and who
    was told so would stop: raises SessionsAway."""
    held: dict[str, Any] = session.load()
    if not held and isinstance(session, CacheSession):
        try:
            if session.exists(key):  # and was away a moment ago
                held = type(session)(key).load()
        except Exception as error:  # each cache has its own
            raise SessionsAway("The cache that holds the sessions is away.") from error
    return held


def _session_store() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore


def _hash_holds(user: Any, auth_hash: str | None) -> bool:
    if not hasattr(user, "get_session_auth_hash"):
        return True
    good = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(auth_hash or "", one) for one in good)


def session_hash(key: str) -> str:
    """What an ended session is kept as: the key itself is a secret."""
    return hashlib.sha256(key.encode()).hexdigest()


def _has_ended(keys: Collection[str]) -> set[str]:
    ended = EndedSession.objects.using(sql.alias()).values_list("key_hash", flat=True)
    if len(keys) > MANY_SESSIONS:  # mostly there are fewer that have ended lately
        all_that_ended = set(ended[: len(keys)])
        if len(all_that_ended) < len(keys):
            return {key for key in keys if all_that_ended and session_hash(key) in all_that_ended}
    hashes = {session_hash(key): key for key in keys}
    return {hashes[one] for one in ended.filter(key_hash__in=hashes)}


def judge(identities: Collection[Identity]) -> dict[Identity, Code]:
    """Whose sockets must close, and with what code, by the truth in the database. Where a cache
    that holds the sessions is away, none of them counts as lost."""
    users = _users({identity.user for identity in identities})
    keys = {one.session_key for one in identities if one.session_key is not None}
    gone = _has_ended(keys)
    try:
        gone |= _lost_sessions(keys)
    except SessionsAway as error:
        logger.warning("Sessions cannot be looked up: %r", error.__cause__)
    revoked = _revoked({one.token_id for one in identities if one.token_id is not None})
    verdicts: dict[Identity, Code] = {}
    for identity in identities:
        code = _verdict(identity, users.get(identity.user), gone, revoked)
        if code is not None:
            verdicts[identity] = code
    return verdicts


def _verdict(identity: Identity, user: Any, gone: set[str], revoked: set[int]) -> Code | None:
    if user is None or identity.session_key in gone or identity.token_id in revoked:
        return Code.NOT_SIGNED_IN
    if not getattr(user, "is_active", True):
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


def _lost_sessions(keys: Collection[str]) -> set[str]:
    """Sessions that have expired, or were removed, whoever did it."""
    store = _session_store()
    if hasattr(store, "get_model_class"):
        rows = store.get_model_class().objects.filter(
            session_key__in=keys, expire_date__gt=timezone.now()
        )
        return set(keys) - set(rows.values_list("session_key", flat=True))
    return {key for key in keys if SESSION_KEY not in _load_session(store(key), key)}


def _revoked(token_ids: Collection[int]) -> set[int]:
    live = ApiToken.objects.using(sql.alias()).filter(pk__in=token_ids, revoked__isnull=True)
    return set(token_ids) - set(live.values_list("pk", flat=True))


def sessions_of(user: str) -> list[str] | None:
    """The keys of this user's sessions, the latest to expire first; None where the engine cannot
    list them. It reads every session of the project: the owner is inside what is signed."""
    store = _session_store()
    if not hasattr(store, "get_model_class"):
        return None
    rows = store.get_model_class().objects.filter(expire_date__gt=timezone.now())
    ordered = rows.order_by("-expire_date").iterator(chunk_size=1000)
    return [row.session_key for row in ordered if row.get_decoded().get(SESSION_KEY) == user]


def has_permission(user: str, permission: str) -> bool:
    found: Any = (
        get_user_model()._default_manager.using(sql.alias()).filter(pk=user_pk(user)).first()
    )
    return found is not None and found.is_active and found.has_perm(permission)
