"""One person, by name, on the command line."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError


def person(username: str) -> Any:
    """The user of this name; raises CommandError where there is none."""
    users = get_user_model()
    found = users._default_manager.filter(**{users.USERNAME_FIELD: username}).first()
    if found is None:
        raise CommandError(f"There is no user {username!r}.")
    return found
