"""Signal receivers for sign-in, sign-out, and changes of users and API tokens. They have open
sockets revalidated against the database."""

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
    ended_names,
    load_sessions,
    owner_of,
    session_hash,
    session_name,
    sessions_of,
    store_class,
    uses_cookie_sessions,
)
from notify.bus.publisher import publisher
from notify.models import ApiToken, EndedSession
from notify.sql import database

logger = logging.getLogger(__name__)


@receiver(user_logged_in, dispatch_uid="notify.session_end.name")
def name_session(sender: Any, *, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Gives the session the name under which its end will be recorded. A name from an earlier
    sign-in stays, because sockets may have been opened under it. Does nothing where the signal is
    about a user who is not signed in by this session.

    A failure is logged and does not make the sign-in fail.
    """
    session = getattr(request, "session", None)
    if request is None or session is None or owner_of(session) is None:
        return
    is_new = NAME_KEY not in session
    if is_new:
        session[NAME_KEY] = _new_name()
    if is_new and not uses_cookie_sessions():
        return  # the common case costs no query
    try:
        with transaction.atomic(using=sql.alias()):
            if not is_new and ended_names({session[NAME_KEY]}):
                session[NAME_KEY] = _new_name()
            if uses_cookie_sessions():
                _end_replaced_session(request, session)
    except Exception:
        logger.exception("The replaced session could not be ended; the sign-in continues.")


def _new_name() -> str:
    return secrets.token_urlsafe(16)


def _end_replaced_session(request: HttpRequest, session: Any) -> None:
    """Ends the session of another user that this sign-in replaces in the browser. Django sends no
    signal for it, and cannot delete a cookie session as it does others."""
    cookie = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    for key, (data, _) in load_sessions([cookie] if cookie else []).items():
        owner = owner_of(data)
        # The same user's session without a name goes on, and has the new name from now on.
        goes_on = owner == owner_of(session) and NAME_KEY not in data
        if owner is not None and not goes_on and session_name(key, data) != session[NAME_KEY]:
            _end([session_name(key, data)], owner)


@receiver(user_logged_out, dispatch_uid="notify.session_end")
def end_session(
    sender: Any, *, request: HttpRequest | None = None, user: Any = None, **kwargs: Any
) -> None:
    """Records the end of the session: Django sends this signal before it deletes the session.

    The owner comes from the session, because a middleware may have replaced `request.user`.
    """
    session: Any = getattr(request, "session", None)
    key: str | None = getattr(session, "session_key", None)
    if key is None:
        return
    owner = owner_of(session) or getattr(user, "pk", None)
    if owner is not None:
        # Under its key too: it may have had no name when a socket was opened.
        _end({key, session_name(key, session)}, owner)


def end_sessions(user: str) -> int | None:
    """Signs a user out everywhere and closes the sockets.

    Args:
        user: The user's primary key, as a string.

    Returns:
        The number of sessions. None where the project's session engine cannot list sessions; then
        nothing was done.
    """
    found = sessions_of(user)
    if found is None:
        return None
    for key in found:
        store_class()(key).delete()
    _end({*found, *found.values()}, user)
    return len(found)


def _end(names: Iterable[str], user: Any) -> None:
    hashes = sorted(map(session_hash, names))  # sorted: concurrent sign-outs do not deadlock
    now = database.now()
    EndedSession.objects.bulk_create(
        [EndedSession(key_hash=one, ended=now) for one in hashes], ignore_conflicts=True
    )
    _revalidate_on_commit(user)


def _user_changed(sender: Any, *, instance: Any, **kwargs: Any) -> None:
    _revalidate_on_commit(instance.pk)


def _token_changed(sender: Any, *, instance: ApiToken, **kwargs: Any) -> None:
    _revalidate_on_commit(instance.user_id)


def _revalidate_on_commit(user_id: Any) -> None:
    transaction.on_commit(partial(publisher.publish_session_check, str(user_id)), using=sql.alias())


# A user is deactivated, gets another password or is deleted; a token is revoked. Each receiver has
# a sender, and each proxy of the user model is a sender of its own. A receiver without a sender
# would have Django load all rows of every cascade, instead of deleting them in one statement.
for model in apps.get_models():
    if issubclass(model, get_user_model()):
        post_save.connect(_user_changed, model, dispatch_uid="notify.session_end.user_saved")
        post_delete.connect(_user_changed, model, dispatch_uid="notify.session_end.user_deleted")
post_save.connect(_token_changed, sender=ApiToken, dispatch_uid="notify.session_end.token_saved")
post_delete.connect(
    _token_changed, sender=ApiToken, dispatch_uid="notify.session_end.token_deleted"
)
