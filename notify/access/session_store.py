"""Sessions of signed-in users, in whichever of Django's session engines the project uses."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.cache import SessionStore as CacheSession
from django.contrib.sessions.backends.signed_cookies import SessionStore as CookieSession
from django.core.exceptions import ValidationError
from django.db import OperationalError, router
from django.utils import timezone

from notify.models import EndedSession, user_pk

MANY_SESSIONS = 1000  # above it `ended_names` compares with all sessions that ended lately
NAME_KEY = "_notify_session"  # in the session's data: its name from sign-in to sign-out


class SessionsUnavailable(OperationalError):
    """The cache that holds the sessions cannot be reached."""


def store_class() -> Any:
    """The `SessionStore` class of the project's session engine."""
    return import_module(settings.SESSION_ENGINE).SessionStore


def uses_cookie_sessions() -> bool:
    """Whether the cookie holds the whole session and the server keeps nothing."""
    return issubclass(store_class(), CookieSession)


def load_sessions(keys: Collection[str]) -> dict[str, tuple[dict[str, Any], datetime | None]]:
    """Loads sessions.

    Returns:
        By key, the session's data and when it expires, where the engine knows that.

    Raises:
        SessionsUnavailable: The cache that holds the sessions cannot be reached.
    """
    rows = _rows()
    if rows is None:
        return {key: (_load_session(key), None) for key in keys}
    found = rows.filter(session_key__in=keys)
    return {row.session_key: (row.get_decoded(), row.expire_date) for row in found}


def lost_sessions(keys: Collection[str]) -> set[str]:
    """The keys whose sessions have expired or were deleted, by whatever code.

    Raises:
        SessionsUnavailable: The cache that holds the sessions cannot be reached.
    """
    rows = _rows()
    if rows is None:
        return {key for key in keys if SESSION_KEY not in _load_session(key)}
    return set(keys) - set(rows.filter(session_key__in=keys).values_list("session_key", flat=True))


def sessions_of(user: str) -> dict[str, str] | None:
    """The user's sessions. Reads every session of the project, because only the signed data names
    the user.

    Returns:
        The sessions' names by key; None where the engine cannot list sessions.
    """
    rows = _rows()
    if rows is None:
        return None
    decoded = ((row.session_key, row.get_decoded()) for row in rows.iterator(chunk_size=1000))
    return {key: session_name(key, data) for key, data in decoded if owner_of(data) == user}


def session_name(key: str, data: Mapping[str, Any]) -> str:
    """The identifier under which a sign-out is recorded: the name given at sign-in, or the key
    where there is none.

    The key of a cookie session is its content and changes with every write. A session has no name
    if it is older than this feature or was made without Django's `login`.
    """
    return str(data.get(NAME_KEY) or key)


def owner_of(data: Mapping[str, Any]) -> str | None:
    """The primary key of the user who is signed in by this session, as a string."""
    try:
        return str(user_pk(data[SESSION_KEY]))
    except (KeyError, ValidationError):
        return None


def session_hash(name: str) -> str:
    """The form in which an ended session is stored, because a session key is a secret."""
    return hashlib.sha256(name.encode()).hexdigest()


def ended_names(names: Collection[str]) -> set[str]:
    """The names of sessions that were signed out, even if the session itself still exists."""
    ended = EndedSession.objects.values_list("key_hash", flat=True)
    if len(names) > MANY_SESSIONS:  # usually, fewer sessions than these have ended lately
        all_ended = set(ended[: len(names)])
        if len(all_ended) < len(names):
            return {name for name in names if all_ended and session_hash(name) in all_ended}
    by_hash = {session_hash(name): name for name in names}
    return {by_hash[one] for one in ended.filter(key_hash__in=by_hash)}


def _rows() -> Any:
    """The sessions that have not expired; None where the engine has no table."""
    store = store_class()
    if not hasattr(store, "get_model_class"):
        return None
    model = store.get_model_class()
    on_primary = model.objects.using(router.db_for_write(model))  # a replica may lag behind
    return on_primary.filter(expire_date__gt=timezone.now())


def _load_session(key: str) -> dict[str, Any]:
    """The session's data. Raises SessionsUnavailable where Django reports an unreachable cache as
    a missing session: a client that got "not signed in" would not come back."""
    session = store_class()(key)
    data: dict[str, Any] = session.load()
    if not data and isinstance(session, CacheSession):
        try:
            if session.exists(key):  # the cache was unreachable a moment ago
                data = type(session)(key).load()
        except Exception as error:  # each cache has its own
            raise SessionsUnavailable(
                "The cache that holds the sessions is unreachable."
            ) from error
    return data
