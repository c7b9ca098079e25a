"""The recipients of a notice: from the argument `to` to batches of primary keys."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query

from notify import sql
from notify.exceptions import InvalidNotice, UnknownUsers
from notify.models.users import active_users, all_users, user_field
from notify.sending.names import in_chunks
from notify.sql.dialects import dialect
from notify.sql.keys import database_keys, has_collation, key_field, to_key

KEYS_PER_QUERY = 5000
MAX_GROUPS = 10_000  # and permissions: each kind is a single query
MAX_QUERYSETS = 100  # each is a query; results are merged in memory in the caller's transaction


class Everyone:
    """The recipient that stands for all active users."""

    def __repr__(self) -> str:
        return "everyone()"


def everyone() -> Everyone:
    """All users who are active when the notice is sent.

    Returns:
        A recipient for the argument `to` of `send`.
    """
    return Everyone()


Recipient = AbstractBaseUser | Group | Permission | QuerySet[Any] | Everyone | int | str | uuid.UUID
To = Recipient | Iterable[Recipient]
_ONE = (Model, Group, Permission, QuerySet, Everyone, str, bytes)


@dataclass(slots=True)
class Audience:
    """The recipients in `to`, sorted by kind."""

    keys: set[Any] = field(default_factory=set)
    groups: set[Any] = field(default_factory=set)  # primary keys
    permissions: set[Any] = field(default_factory=set)  # primary keys
    querysets: list[QuerySet[Any]] = field(default_factory=list)
    everyone: bool = False
    names: list[str] = field(default_factory=list)  # of all but the keys, for `describe`
    queries: list[QuerySet[Any]] = field(default_factory=list)  # for all but the keys

    @classmethod
    def of(cls, to: To) -> Audience:
        """Sorts the recipients in `to`. Raises InvalidNotice if it contains anything else."""
        audience = cls()
        if isinstance(to, _ONE) or not isinstance(to, Iterable):
            audience._add(to)
        else:
            for recipient in to:
                audience._add(recipient)
        audience.queries = list(audience._queries())
        return audience

    def describe(self) -> list[str]:
        """Names of the recipients as given: unchanged when somebody joins a group."""
        return sorted(str(key) for key in self.keys) + sorted(self.names)

    def people(self) -> QuerySet[Any]:
        """The users who are recipients now, each once. Unknown keys are ignored."""
        is_recipient = Q(pk__in=[])
        if self.keys:
            keys = sql.json_array(database_keys(self.keys))
            # A single parameter, however many there are.
            is_recipient |= Q(pk__in=RawSQL(dialect().keys_in_array()[1:-1], [keys]))  # noqa: S611  ours
        for query in self.queries:
            is_recipient |= Q(pk__in=query.values("pk"))
        return all_users().filter(is_recipient)

    def has_only_keys(self) -> bool:
        """Whether the table of users alone decides who is a recipient: there are only keys, and
        the project's manager does not hide users."""
        users = all_users()
        plain = type(users) is QuerySet and type(users.query) is Query and not users.query.where
        return not self.queries and plain

    def refuse_unknown(self) -> None:
        """Raises UnknownUsers if a key belongs to no user."""
        self._existing_keys()

    def batches(self, size: int, *, without: Any = None) -> Iterator[list[Any]]:
        """The primary keys of the recipients in order, each once, in lists of at most `size`.

        Leaves out the key `without`. Raises UnknownUsers if a key belongs to no user.
        """
        yield from in_chunks(self._all_keys(without), size)

    def _all_keys(self, without: Any) -> Iterator[Any]:
        if not self.queries:
            found: Iterable[Any] = sorted(self._existing_keys())
        elif len(self.queries) == 1 and not self.keys:
            found = _stream(self.queries[0])
        else:  # merged in memory, for the sake of simplicity
            found = sorted(self._existing_keys().union(*map(_stream, self.queries)))
        return (key for key in found if key != without)

    def _existing_keys(self) -> set[Any]:
        found: set[Any] = set()
        for chunk in in_chunks(iter(self.keys), KEYS_PER_QUERY):
            found.update(all_users().filter(pk__in=chunk).values_list("pk", flat=True))
        missing = self.keys - found
        if found - self.keys or has_collation(key_field()):
            missing = {key for key in missing if not all_users().filter(pk=key).exists()}
        if missing:
            raise UnknownUsers(missing)
        return found

    def _add(self, recipient: Any) -> None:
        match recipient:
            case Everyone():
                self.everyone = True
                self.names.append("everyone")
            case Group():
                self._add_named(self.groups, recipient, "group")
            case Permission():
                self._add_named(self.permissions, recipient, "permission")
            case QuerySet():
                self.querysets.append(_checked(recipient))
                self.names.append("queryset")
                _check_count(len(self.querysets), MAX_QUERYSETS, "querysets")
            case Model():  # a user, whose class may have any base
                self._add_key(recipient.pk if isinstance(recipient, get_user_model()) else None)
            case _:
                self._add_key(recipient)

    def _add_named(self, keys: set[Any], named: Group | Permission, kind: str) -> None:
        if named.pk is None:
            raise InvalidNotice("to", f"the {kind} {named} is not saved. Save it first.")
        keys.add(named.pk)
        self.names.append(f"{kind}:{named.pk}")
        _check_count(len(keys), MAX_GROUPS, f"{kind}s")

    def _queries(self) -> Iterator[QuerySet[Any]]:
        if self.everyone:
            yield active_users()
        if self.groups:
            yield _members(self.groups)
        if self.permissions:
            yield _allowed(self.permissions)
        yield from self.querysets

    def _add_key(self, key: Any) -> None:
        try:
            self.keys.add(to_key(key))
        except ValidationError as error:
            raise InvalidNotice(
                "to",
                f"{key!r} is not a recipient. Pass users, their primary keys, groups, permissions, "
                "querysets of users, or everyone(). Look up usernames first.",
            ) from error


def have_groups() -> bool:
    """Whether users can be members of Django's groups, as with PermissionsMixin."""
    return _relates("groups", Group)


def have_permissions() -> bool:
    """Whether users can have Django's permissions, of their own or through groups."""
    return have_groups() or _relates("user_permissions", Permission)


def _relates(name: str, to: type[Model]) -> bool:
    """Whether users have a relation of this name to Django's own model `to`. A project may relate
    them to a model of its own, whose keys mean something else."""
    related = getattr(user_field(name), "related_model", None)
    return isinstance(related, type) and issubclass(related, to)


def _members(groups: Collection[Any]) -> QuerySet[Any]:
    if not have_groups():
        raise InvalidNotice(
            "to", "users have no groups in this project. Pass users, or a queryset of users."
        )
    return active_users().filter(groups__in=groups)


def _allowed(permissions: Collection[Any]) -> QuerySet[Any]:
    if not have_permissions():
        raise InvalidNotice(
            "to", "users have no permissions in this project. Pass users, or a queryset of users."
        )
    is_allowed = Q()
    if user_field("is_superuser") is not None:
        is_allowed |= Q(is_superuser=True)
    if _relates("user_permissions", Permission):
        is_allowed |= Q(user_permissions__in=permissions)
    if have_groups():
        groups = Group.objects.using(sql.alias()).filter(permissions__in=permissions)
        is_allowed |= Q(groups__in=groups.values("pk"))
    return active_users().filter(is_allowed)


def _check_count(count: int, limit: int, kind: str) -> None:
    if count > limit:
        raise InvalidNotice(
            "to",
            f"has more than {limit} {kind}. Pass a single queryset of users instead, such as "
            "User.objects.filter(groups__in=...).",
        )


def _checked(query: QuerySet[Any]) -> QuerySet[Any]:
    if not issubclass(query.model, get_user_model()):
        raise InvalidNotice(
            "to",
            f"the queryset is of {query.model.__name__}, not of users. "
            "Pass users, such as User.objects.filter(pk__in=query.values('user')).",
        )
    return query.using(sql.alias())  # it becomes part of our own queries


def _stream(query: QuerySet[Any]) -> Iterator[Any]:
    # A subquery, because joins may repeat a user and slices cannot be filtered.
    distinct = all_users().filter(
        pk__in=query.order_by().values("pk") if not query.query.is_sliced else query.values("pk")
    )
    keys = distinct.order_by("pk").values_list("pk", flat=True)
    return keys.iterator(chunk_size=KEYS_PER_QUERY)
