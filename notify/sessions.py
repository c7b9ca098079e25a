"""What ends a session, told to the sockets: they read the truth anew and close if it says so."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from notify.inbox import database, sql
from notify.live import groups
from notify.live.session_store import session_hash, session_store, sessions_of
from notify.models import ApiToken, EndedSession


@receiver(user_logged_out, dispatch_uid="notify.sessions")
def end_session(
    sender: Any, *, request: HttpRequest | None = None, user: Any = None, **kwargs: Any
) -> None:
    """Django says so before the session is gone, hence the row of our own."""
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key is None or user is None:
        return
    _note_ended([key])
    _check_on_commit(user.pk)


def end_sessions(user: str) -> int | None:
    """Signs the user out everywhere and closes the sockets; how many sessions there were, None
    where the project's session engine cannot list them, and nothing was done."""
    keys = sessions_of(user)
    if keys is None:
        return None
    for key in keys:
        session_store()(key).delete()
    _note_ended(keys)
    _check_on_commit(user)
    return len(keys)


def _note_ended(keys: Iterable[str]) -> None:
    now = database.now()
    ended = [EndedSession(key_hash=session_hash(key), ended=now) for key in keys]
    EndedSession.objects.using(sql.alias()).bulk_create(ended, ignore_conflicts=True)


def _user_changed(sender: Any, *, instance: Any, **kwargs: Any) -> None:
    _check_on_commit(instance.pk)


def _token_changed(sender: Any, *, instance: ApiToken, **kwargs: Any) -> None:
    _check_on_commit(instance.user_id)


def _check_on_commit(user_id: Any) -> None:
    transaction.on_commit(partial(groups.publish_session_check, str(user_id)), using=sql.alias())


# Deactivated, another password, deleted; a token revoked. Each by its sender, and a proxy of the
# user model is its own: with a receiver for every model's deletion Django would load all rows that
# go with whatever is deleted, rather than delete them in one statement.
for model in apps.get_models():
    if issubclass(model, get_user_model()):
        post_save.connect(_user_changed, model, dispatch_uid="notify.sessions.user_saved")
        post_delete.connect(_user_changed, model, dispatch_uid="notify.sessions.user_deleted")
post_save.connect(_token_changed, sender=ApiToken, dispatch_uid="notify.sessions.token_saved")
post_delete.connect(_token_changed, sender=ApiToken, dispatch_uid="notify.sessions.token_deleted")
