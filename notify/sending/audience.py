"""Whom a notice is for: from what callers say to primary keys, in batches, each once."""

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
from notify.sending.names import in_lots
from notify.sql import keys
from notify.sql.dialects import dialect

KEYS_A_QUERY = 5000
# All groups are one query, and so are all permissions: this is what it may name. Each queryset is a
# query of its own, whose result is merged in memory, while the caller's transaction is open.
MAX_GROUPS = 10_000
MAX_QUERYSETS = 100


class Everyone:
    """All users who are active when the notice is sent."""

    def __repr__(self) -> str:
        return "everyone()"


def everyone() -> Everyone:
    return Everyone()


Recipient = AbstractBaseUser | Group | Permission | QuerySet[Any] | Everyone | int | str | uuid.UUID
To = Recipient | Iterable[Recipient]
_ONE = (Model, Group, Permission, QuerySet, Everyone, str, bytes)


@dataclass(slots=True)
class Audience:
    """What `to` said, sorted by kind."""

    keys: set[Any] = field(default_factory=set)
    groups: set[Any] = field(default_factory=set)  # primary keys
    permissions: set[Any] = field(default_factory=set)  # primary keys
    querysets: list[QuerySet[Any]] = field(default_factory=list)
    everyone: bool = False
    names: list[str] = field(default_factory=list)  # what is no key, for `describe`
    # Of all that is no key; made of it when all has been said.
    queries: list[QuerySet[Any]] = field(default_factory=list)

    @classmethod
    def of(cls, to: To) -> Audience:
        """Raises InvalidNotice where `to` holds something that is no recipient."""
        audience = cls()
        if isinstance(to, _ONE) or not isinstance(to, Iterable):
            audience._add(to)
        else:
            for recipient in to:
                audience._add(recipient)
        audience.queries = list(audience._queries())
        return audience

    def describe(self) -> list[str]:
        """Whom it is for, as the caller said it; the same for a retry, whoever joined since."""
        return sorted(str(key) for key in self.keys) + sorted(self.names)

    def people(self) -> QuerySet[Any]:
        """The users that it is for as of now, each once; keys of nobody are left out."""
        wanted = Q(pk__in=[])
        if self.keys:
            array = sql.json_array(keys.database_keys(self.keys))
            # One parameter, however many there are.
            wanted |= Q(pk__in=RawSQL(dialect().keys_in_array()[1:-1], [array]))  # noqa: S611  ours
        for query in self.queries:
            wanted |= Q(pk__in=query.values("pk"))
        return all_users().filter(wanted)

    def is_keys_only(self) -> bool:
        """Whether the table of users alone tells who it is for: no group and no query is asked,
        and no manager of the project's own, which may hide some."""
        found = all_users()
        plain = type(found) is QuerySet and type(found.query) is Query and not found.query.where
        return not self.queries and plain

    def refuse_unknown(self) -> None:
        """Raises UnknownUsers where a key that was named belongs to nobody."""
        self._existing()

    def batches(self, size: int, *, without: Any = None) -> Iterator[list[Any]]:
        """The primary keys of the recipients but `without`, each once; at most `size` at a time.

        Raises UnknownUsers where a key that was named belongs to nobody.
        """
        yield from in_lots(self._all_keys(without), size)

    def _all_keys(self, without: Any) -> Iterator[Any]:
        if not self.queries:
            found: Iterable[Any] = sorted(self._existing())
        elif len(self.queries) == 1 and not self.keys:
            found = _stream(self.queries[0])
        else:  # a mixture is merged in memory, for the sake of simplicity
            found = sorted(self._existing().union(*map(_stream, self.queries)))
        return (key for key in found if key != without)

    def _existing(self) -> set[Any]:
        found: set[Any] = set()
        for some in in_lots(iter(self.keys), KEYS_A_QUERY):
            found.update(all_users().filter(pk__in=some).values_list("pk", flat=True))
        missing = self.keys - found
        if found - self.keys or keys.has_collation(keys.key_field()):
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
                _refuse_more(len(self.querysets), MAX_QUERYSETS, "querysets")
            case Model():  # of users, whatever their base class
                self._add_key(recipient.pk if isinstance(recipient, get_user_model()) else None)
            case _:
                self._add_key(recipient)

    def _add_named(self, keys: set[Any], named: Group | Permission, kind: str) -> None:
        if named.pk is None:
            raise InvalidNotice("to", f"the {kind} {named} is not saved. Save it first.")
        keys.add(named.pk)
        self.names.append(f"{kind}:{named.pk}")
        _refuse_more(len(keys), MAX_GROUPS, f"{kind}s")

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
            self.keys.add(keys.to_key(key))
        except ValidationError as error:
            raise InvalidNotice(
                "to",
                f"{key!r} is no recipient. Give users, their primary keys, groups, querysets of "
                "users or everyone(); look usernames up first.",
            ) from error


def have_groups() -> bool:
    """Whether users are members of Django's groups, as PermissionsMixin makes them."""
    return _relates("groups", Group)


def have_permissions() -> bool:
    """Whether users have Django's permissions, by themselves or by their groups."""
    return have_groups() or _relates("user_permissions", Permission)


def _relates(name: str, to: type[Model]) -> bool:
    """Whether users have a relation of this name to Django's own model: a project may have another,
    whose keys would be taken for those of this one."""
    related = getattr(user_field(name), "related_model", None)
    return isinstance(related, type) and issubclass(related, to)


def _members(groups: Collection[Any]) -> QuerySet[Any]:
    if not have_groups():
        raise InvalidNotice(
            "to", "users have no groups in this project. Give users, or a queryset of them."
        )
    return active_users().filter(groups__in=groups)


def _allowed(permissions: Collection[Any]) -> QuerySet[Any]:
    if not have_permissions():
        raise InvalidNotice(
            "to", "users have no permissions in this project. Give users, or a queryset of them."
        )
    who = Q()
    if user_field("is_superuser") is not None:
        who |= Q(is_superuser=True)
    if _relates("user_permissions", Permission):
        who |= Q(user_permissions__in=permissions)
    if have_groups():
        groups = Group.objects.using(sql.alias()).filter(permissions__in=permissions)
        who |= Q(groups__in=groups.values("pk"))
    return active_users().filter(who)


def _refuse_more(count: int, most: int, what: str) -> None:
    if count > most:
        raise InvalidNotice(
            "to",
            f"more than {most} {what}. Say it as one queryset of users, as in "
            "User.objects.filter(groups__in=...).",
        )


def _checked(query: QuerySet[Any]) -> QuerySet[Any]:
    if not issubclass(query.model, get_user_model()):
        raise InvalidNotice(
            "to",
            f"the queryset is of {query.model.__name__}, not of users. "
            "Turn it into users, as in User.objects.filter(pk__in=query.values('user')).",
        )
    return query.using(sql.alias())  # it becomes a part of our own queries


def _stream(query: QuerySet[Any]) -> Iterator[Any]:
    # Joins may repeat a user and slices forbid further filters, hence the subquery.
    once = all_users().filter(
        pk__in=query.order_by().values("pk") if not query.query.is_sliced else query.values("pk")
    )
    return once.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=KEYS_A_QUERY)
