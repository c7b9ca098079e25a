"""Signal receivers for sign-in, sign-out and changes of users. They make open sockets revalidate
against the database."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from notify import sql
from notify.access.session_store import (
    NAME_KEY,
    ended_of,
    is_in_its_cookie,
    load_sessions,
    owner_of,
    session_hash,
    session_name,
    session_store,
    sessions_of,
)
from notify.bus.publisher import publisher
from notify.models import ApiToken, EndedSession
from notify.sql import database

logger = logging.getLogger(__name__)


@receiver(user_logged_in, dispatch_uid="notify.session_end.name")
def name_session(sender: Any, *, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Gives the session the name by which its end is known. It keeps one that it has: others may
    have sockets by it. A signal about somebody who is signed in by no session changes none.

    What fails here is logged: nobody's sign-in fails by it.
    """
    session = getattr(request, "session", None)
    if request is None or session is None or owner_of(session) is None:
        return
    is_new = NAME_KEY not in session
    if is_new:
        session[NAME_KEY] = _new_name()
    if is_new and not is_in_its_cookie():
        return  # the common case costs no query
    try:
        with transaction.atomic(using=sql.alias()):
            if not is_new and ended_of({session[NAME_KEY]}):
                session[NAME_KEY] = _new_name()
            if is_in_its_cookie():
                _end_the_one_before(request, session)
    except Exception:
        logger.exception("The session before this sign-in was not ended; the sign-in goes on.")


def _new_name() -> str:
    return secrets.token_urlsafe(16)


def _end_the_one_before(request: HttpRequest, session: Any) -> None:
    """Whoever signs in where somebody else is signed in ends that one's session. Django sends no
    signal, and what a cookie holds it cannot delete, as it does with other sessions."""
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    for key, (held, _) in load_sessions([cookie] if cookie else []).items():
        owner = owner_of(held)
        # It had no name yet, and goes on under that of now.
        goes_on = owner == owner_of(session) and NAME_KEY not in held
        if owner is not None and not goes_on and session_name(key, held) != session[NAME_KEY]:
            _end([session_name(key, held)], owner)


@receiver(user_logged_out, dispatch_uid="notify.session_end")
def end_session(
    sender: Any, *, request: HttpRequest | None = None, user: Any = None, **kwargs: Any
) -> None:
    """Django says so before the session is gone, hence the row of our own.

    Whose sockets these are says the session: a middleware may have put another user in its place.
    """
    session: Any = getattr(request, "session", None)
    key: str | None = getattr(session, "session_key", None)
    if key is None:
        return
    owner = owner_of(session) or getattr(user, "pk", None)
    if owner is not None:
        # By its key too: it may have had no name when a socket was opened.
        _end({key, session_name(key, session)}, owner)


def end_sessions(user: str) -> int | None:
    """Signs the user out everywhere and closes the sockets; how many sessions there were, None
    where the project's session engine cannot list them, and nothing was done."""
    found = sessions_of(user)
    if found is None:
        return None
    for key in found:
        session_store()(key).delete()
    _end({*found, *found.values()}, user)
    return len(found)


def _end(names: Iterable[str], user: Any) -> None:
    hashes = sorted(map(session_hash, names))  # in one order: no two sign-outs deadlock
    now = database.now()
    EndedSession.objects.bulk_create(
        [EndedSession(key_hash=one, ended=now) for one in hashes], ignore_conflicts=True
    )
    _check_on_commit(user)


def _user_changed(sender: Any, *, instance: Any, **kwargs: Any) -> None:
    _check_on_commit(instance.pk)


def _token_changed(sender: Any, *, instance: ApiToken, **kwargs: Any) -> None:
    _check_on_commit(instance.user_id)


def _check_on_commit(user_id: Any) -> None:
    transaction.on_commit(partial(publisher.publish_session_check, str(user_id)), using=sql.alias())


# Deactivated, another password, deleted; a token revoked. Each by its sender, and a proxy of the
# user model is its own: with a receiver for every model's deletion Django would load all rows that
# go with whatever is deleted, rather than delete them in one statement.
for model in apps.get_models():
    if issubclass(model, get_user_model()):
        post_save.connect(_user_changed, model, dispatch_uid="notify.session_end.user_saved")
        post_delete.connect(_user_changed, model, dispatch_uid="notify.session_end.user_deleted")
post_save.connect(_token_changed, sender=ApiToken, dispatch_uid="notify.session_end.token_saved")
post_delete.connect(
    _token_changed, sender=ApiToken, dispatch_uid="notify.session_end.token_deleted"
)
