"""The users of the project, whichever user model it has."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import QuerySet

from notify.models.base import primary


def all_users() -> QuerySet[Any]:
    """All users, read from the database that holds the inboxes."""
    return get_user_model()._default_manager.using(primary())


def user_pk(key: Any) -> Any:
    """Converts a key (`str(pk)`), which sockets and hints use, back to a primary key."""
    return get_user_model()._meta.pk.to_python(key)


def user_of(key: str) -> Any:
    """The user with this key (`str(pk)`), or None."""
    try:
        return all_users().filter(pk=user_pk(key)).first()
    except (ValueError, ValidationError):
        return None


def sender_of(user: Any) -> str:
    """Of a notice: who sent or stopped it. Empty for the system."""
    return "" if user is None else f"user:{user.pk}"


def active_users(among: QuerySet[Any] | None = None) -> QuerySet[Any]:
    """The active users among these (None: among all); all of them if the model has no
    `is_active`."""
    found = all_users().all() if among is None else among
    return found if user_field("is_active") is None else found.filter(is_active=True)


def user_field(name: str) -> Any:
    """The user model's field with this name, or None."""
    try:
        return get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None
