"""The recipients: users with a session each, and inboxes that are empty before a run."""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from notify.models import ApiToken, Batch, Inbox, Notice, Notification
from tests.harness.postgres import DIRECTORY_VARIABLE


class Person(NamedTuple):
    key: int
    cookie: str


def sign_in(count: int, *, every: int = 1) -> list[Person]:
    """Exactly `count` users are there; returns every so-manieth, who are signed in. No signal is
    sent, so nobody is welcomed."""
    _truncate(Notification, Batch, Notice, Inbox, ApiToken, Session, User)
    new = [User(username=f"user-{n}", password="!") for n in range(count)]
    sessions = [_session(user) for user in User.objects.bulk_create(new, 5000)[::every]]
    Session.objects.bulk_create(session for _, session in sessions)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE auth_user, django_session")
    name = settings.SESSION_COOKIE_NAME
    return [Person(key, f"{name}={session.session_key}") for key, session in sessions]


def _session(user: User) -> tuple[int, Session]:
    store = SessionStore()
    said = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
        HASH_SESSION_KEY: user.get_session_auth_hash(),
    }
    return user.pk, Session(
        session_key=secrets.token_hex(16),
        session_data=store.encode(said),
        expire_date=timezone.now() + timedelta(days=1),
    )


def empty_inboxes() -> None:
    _truncate(Notification, Batch, Notice, Inbox)


def _truncate(*models: type) -> None:
    assert DIRECTORY_VARIABLE in os.environ, "not a database of tests.harness.run: left alone"
    tables = ", ".join(model._meta.db_table for model in models)  # type: ignore[attr-defined]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables} CASCADE")
