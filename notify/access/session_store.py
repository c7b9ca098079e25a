"""The sessions of those who signed in, in whichever of Django's engines the project keeps them."""

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

MANY_SESSIONS = 1000  # judged together, above which those that ended are read and compared
NAME_KEY = "_notify_session"  # in what a session holds: its name from sign-in to sign-out


class SessionsAway(OperationalError):
    """The cache that holds the sessions cannot be asked."""


def load_sessions(keys: Collection[str]) -> dict[str, tuple[dict[str, Any], datetime | None]]:
    """What each session holds, and its end where the engine knows it."""
    rows = _rows()
    if rows is None:
        return {key: (_load_session(key), None) for key in keys}
    found = rows.filter(session_key__in=keys)
    return {row.session_key: (row.get_decoded(), row.expire_date) for row in found}


def _load_session(key: str) -> dict[str, Any]:
    """What it holds. Django takes a cache that is away for one that has no such session, and who
    was told so would stop: raises SessionsAway."""
    session = session_store()(key)
    held: dict[str, Any] = session.load()
    if not held and isinstance(session, CacheSession):
        try:
            if session.exists(key):  # and was away a moment ago
                held = type(session)(key).load()
        except Exception as error:  # each cache has its own
            raise SessionsAway("The cache that holds the sessions is away.") from error
    return held


def session_store() -> Any:
    """The class of the project's engine."""
    return import_module(settings.SESSION_ENGINE).SessionStore


def is_in_its_cookie() -> bool:
    """Whether a session is its cookie, of which the server keeps nothing."""
    return issubclass(session_store(), CookieSession)


def _rows() -> Any:
    """Of the sessions that have not expired; None where the engine has no table."""
    store = session_store()
    if not hasattr(store, "get_model_class"):
        return None
    model = store.get_model_class()
    written_to = model.objects.using(router.db_for_write(model))  # a replica may lag behind
    return written_to.filter(expire_date__gt=timezone.now())


def session_name(key: str, held: Mapping[str, Any]) -> str:
    """The identifier under which a sign-out is recorded: the name given at sign-in, or the key
    where there is none.

    In a cookie session the key is the content itself, another one each time that it is written.
    A session has no name where it is older than this or was made without Django's `login`.
    """
    return str(held.get(NAME_KEY) or key)


def owner_of(held: Mapping[str, Any]) -> str | None:
    """Who is signed in by it, as `str(pk)`."""
    try:
        return str(user_pk(held[SESSION_KEY]))
    except (KeyError, ValidationError):
        return None


def lost_sessions(keys: Collection[str]) -> set[str]:
    """Sessions that have expired, or were removed, whoever did it."""
    rows = _rows()
    if rows is None:
        return {key for key in keys if SESSION_KEY not in _load_session(key)}
    return set(keys) - set(rows.filter(session_key__in=keys).values_list("session_key", flat=True))


def sessions_of(user: str) -> dict[str, str] | None:
    """The keys of this user's sessions, each with its name; None where the engine cannot list
    them. It reads every session of the project: the owner is inside what is signed."""
    rows = _rows()
    if rows is None:
        return None
    decoded = ((row.session_key, row.get_decoded()) for row in rows.iterator(chunk_size=1000))
    return {key: session_name(key, held) for key, held in decoded if owner_of(held) == user}


def session_hash(name: str) -> str:
    """What an ended session is kept as: a key is a secret."""
    return hashlib.sha256(name.encode()).hexdigest()


def ended_of(names: Collection[str]) -> set[str]:
    """Those that were signed out, also where the session still stands."""
    ended = EndedSession.objects.values_list("key_hash", flat=True)
    if len(names) > MANY_SESSIONS:  # mostly there are fewer that have ended lately
        all_that_ended = set(ended[: len(names)])
        if len(all_that_ended) < len(names):
            return {one for one in names if all_that_ended and session_hash(one) in all_that_ended}
    hashes = {session_hash(one): one for one in names}
    return {hashes[one] for one in ended.filter(key_hash__in=hashes)}
