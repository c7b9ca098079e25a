"""From names to users and groups."""

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
from notify.sql import keys

NAMES_A_QUERY = 1000
LOOKED_UP_IN_VAIN = 20  # each is a query, perhaps without an index; after that a name is unknown


def users_named(names: Iterable[str]) -> list[Any]:
    """The users who could sign in with these names; raises UnknownUsers if one is missing."""
    model: Any = get_user_model()
    users = model._default_manager.db_manager(sql.alias())
    # As Django's sign-in form reads them (NFKC), beside as they are written.
    normal = {name: model.normalize_username(name) for name in names}
    asked = {*normal, *normal.values()}
    held: dict[str, Any] = {}
    for lot in in_lots(iter(asked), NAMES_A_QUERY):
        for user in users.filter(**{f"{model.USERNAME_FIELD}__in": lot}):
            held[user.get_username()] = user
    one_by_one = _may_be_written_otherwise(users, held.keys() - asked)
    found: dict[Any, Any] = {}
    missing: list[str] = []
    for name, form in normal.items():
        user = held.get(name) or held.get(form)
        if user is None and one_by_one and len(missing) < LOOKED_UP_IN_VAIN:
            user = _looked_up(users, form)
        if user is None:
            missing.append(name)
        else:
            found[user.pk] = user
    if missing:
        raise UnknownUsers(missing)
    return list(found.values())


def _looked_up(users: Any, name: str) -> Any:
    """As the sign-in does it; None where that finds nobody, or several."""
    try:
        return users.get_by_natural_key(name)
    except (ObjectDoesNotExist, MultipleObjectsReturned):
        return None


def _may_be_written_otherwise(users: Any, unasked: set[str]) -> bool:
    """Whether a name may be that of a user whose own is written otherwise, in another case mostly:
    the manager has its own way to look somebody up, or the column compares so, as it says itself or
    shows by giving users whom nobody named."""
    look_up = getattr(type(users), "get_by_natural_key", None)
    column = users.model._meta.get_field(users.model.USERNAME_FIELD)
    return look_up is not None and (
        bool(unasked)
        or keys.has_collation(column)
        or look_up is not BaseUserManager.get_by_natural_key
    )


def has_word(path: str, word: str) -> Q:
    """Whether a text field of users, by its path from the query's model, has the word in it. Where
    its collation may tell of no part of a text (PostgreSQL before 18, where it is not
    deterministic), by that of Unicode."""
    field = get_user_model()._meta.get_field(path.rpartition("__")[2])
    text: Any = F(path)
    if sql.is_postgresql() and keys.has_collation(field):
        text = Collate(text, "und-x-icu")
    return Q(IContains(text, word))


def groups_named(names: Iterable[str]) -> list[Group]:
    """The groups with these names; raises InvalidNotice if one is missing."""
    wanted = set(names)
    found: list[Group] = []
    for some in in_lots(iter(wanted), NAMES_A_QUERY):
        found += Group.objects.using(sql.alias()).filter(name__in=some)
    if missing := wanted - {group.name for group in found}:
        raise InvalidNotice("to", f"no such group: {some_of(sorted(missing))}. Nothing was sent.")
    return found


def in_lots(keys: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while lot := list(islice(keys, size)):
        yield lot
