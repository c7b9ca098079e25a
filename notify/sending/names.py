"""Look up users and groups by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import Group
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from django.db.models import F, Q
from django.db.models.functions import Collate
from django.db.models.lookups import IContains

from notify import sql
from notify.exceptions import InvalidNotice, UnknownUsers, some_of
from notify.sql.keys import has_collation

NAMES_PER_QUERY = 1000
# Each is a query, perhaps without an index. After these, other names count as unknown.
MAX_FAILED_LOOKUPS = 20


def users_named(names: Iterable[str]) -> list[Any]:
    """Looks up the users who could sign in with these usernames.

    Raises:
        UnknownUsers: There is no user, or more than one, of some name.
    """
    model: Any = get_user_model()
    users = model._default_manager.db_manager(sql.alias())
    # Each name both as given and in NFKC, as Django's sign-in form reads it.
    normalized = {name: model.normalize_username(name) for name in names}
    queried = {*normalized, *normalized.values()}
    by_username: dict[str, Any] = {}
    for chunk in in_chunks(iter(queried), NAMES_PER_QUERY):
        for user in users.filter(**{f"{model.USERNAME_FIELD}__in": chunk}):
            by_username[user.get_username()] = user
    one_by_one = _may_be_spelled_differently(users, by_username.keys() - queried)
    found: dict[Any, Any] = {}
    missing: list[str] = []
    for name, form in normalized.items():
        user = by_username.get(name) or by_username.get(form)
        if user is None and one_by_one and len(missing) < MAX_FAILED_LOOKUPS:
            user = _by_natural_key(users, form)
        if user is None:
            missing.append(name)
        else:
            found[user.pk] = user
    if missing:
        raise UnknownUsers(missing)
    return list(found.values())


def _by_natural_key(users: Any, name: str) -> Any:
    """The user whom the sign-in would find; None if it finds none, or several."""
    try:
        return users.get_by_natural_key(name)
    except (ObjectDoesNotExist, MultipleObjectsReturned):
        return None


def _may_be_spelled_differently(users: Any, unexpected: set[str]) -> bool:
    """Whether a name may belong to a user whose username is spelled differently, for example in
    another case: the manager overrides `get_by_natural_key`, the column has a collation, or the
    query found usernames that it had not asked for."""
    look_up = getattr(type(users), "get_by_natural_key", None)
    column = users.model._meta.get_field(users.model.USERNAME_FIELD)
    return look_up is not None and (
        bool(unexpected)
        or has_collation(column)
        or look_up is not BaseUserManager.get_by_natural_key
    )


def has_word(path: str, word: str) -> Q:
    """Condition that a text field of users contains a word, ignoring case.

    PostgreSQL before 18 cannot search for a part of a text whose collation is not deterministic,
    so a column with a collation is compared by Unicode's instead.

    Args:
        path: The field's path from the query's model.
        word: The word.
    """
    field = get_user_model()._meta.get_field(path.rpartition("__")[2])
    text: Any = F(path)
    if sql.is_postgresql() and has_collation(field):
        text = Collate(text, "und-x-icu")
    return Q(IContains(text, word))


def groups_named(names: Iterable[str]) -> list[Group]:
    """Looks up groups by name.

    Raises:
        InvalidNotice: There is no group of some name.
    """
    names = set(names)
    found: list[Group] = []
    for chunk in in_chunks(iter(names), NAMES_PER_QUERY):
        found += Group.objects.using(sql.alias()).filter(name__in=chunk)
    if missing := names - {group.name for group in found}:
        raise InvalidNotice("to", f"no such group: {some_of(sorted(missing))}. Nothing was sent.")
    return found


def in_chunks(keys: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while chunk := list(islice(keys, size)):
        yield chunk
