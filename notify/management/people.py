"""One person, by name, on the command line."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from notify.exceptions import UnknownUsers
from notify.sending.names import users_named


def person(username: str) -> Any:
    """The user of this name; raises CommandError where there is none."""
    try:
        return users_named([username])[0]
    except UnknownUsers as error:
        raise CommandError(f"There is no user {username!r}.") from error
