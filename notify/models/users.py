"""The users of the site, whatever their model has."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import QuerySet

from notify.models import primary, user_pk


def all_users() -> QuerySet[Any]:
    """All of them, in the database that holds the inboxes."""
    return get_user_model()._default_manager.using(primary())


def user_of(key: str) -> Any:
    """The user with this key (`str(pk)`); None where there is none."""
    try:
        return all_users().filter(pk=user_pk(key)).first()
    except (ValueError, ValidationError):
        return None


def active_users(among: QuerySet[Any] | None = None) -> QuerySet[Any]:
    """Those of these users (None: of all) who are active, where the model knows."""
    found = all_users().all() if among is None else among
    return found if user_field("is_active") is None else found.filter(is_active=True)


def user_field(name: str) -> Any:
    """The field of users with this name; None where there is none."""
    try:
        return get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return None
