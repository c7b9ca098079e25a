"""The recipients of a notice: from the argument `to` to a query of primary keys."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db.models import F, Model, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.sql import Query

from notify import sql
from notify.exceptions import InvalidNotice, UnknownUsers
from notify.models import Reason
from notify.models.users import active_users, all_users, user_field
from notify.readers.targets import Topic
from notify.sending.names import in_chunks
from notify.sql.dialects import dialect
from notify.sql.keys import database_key, database_keys, has_collation, key_field, to_key

KEYS_PER_QUERY = 5000
MAX_GROUPS = 10_000  # and permissions: each kind is a single query
MAX_QUERYSETS = 100  # each is a part of one UNION


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


Recipient = (
    AbstractBaseUser | Group | Permission | Topic | QuerySet[Any] | Everyone | int | str | uuid.UUID
)
To = Recipient | Iterable[Recipient]
_ONE = (Model, Group, Permission, QuerySet, Everyone, str, bytes)


class Compiled(NamedTuple):
    """A query `(user_id)` of users, with its parameters."""

    statement: str
    params: list[Any]


class Selection(NamedTuple):
    """Recipients as SQL.

    Attributes:
        named: Those who were named by key and exist; None if nobody was named.
        recipients: All; it may refer to `notify_named`, a common table expression.
        reasons: The reasons for which somebody may be among them, the strongest first. If there is
            more than one, `recipients` has a second column with the strongest that applies.
    """

    named: Compiled | None
    recipients: Compiled
    reasons: tuple[Reason, ...]

    @property
    def reason(self) -> Reason | None:
        """That of all of them; None if they have different ones."""
        return self.reasons[0] if len(self.reasons) == 1 else None

    def query(self) -> Compiled:
        """The recipients as one query."""
        statement, params = self.recipients
        if self.named is None:
            return self.recipients
        return Compiled(
            f"WITH notify_named AS ({self.named.statement}) {statement}",
            [*self.named.params, *params],
        )


@dataclass(slots=True)
class Audience:
    """The recipients in `to`, sorted by kind."""

    keys: set[Any] = field(default_factory=set)
    groups: set[Any] = field(default_factory=set)  # primary keys
    permissions: set[Any] = field(default_factory=set)  # primary keys
    topics: set[str] = field(default_factory=set)
    querysets: list[QuerySet[Any]] = field(default_factory=list)
    everyone: bool = False
    names: list[str] = field(default_factory=list)  # of all but the keys, for `describe`
    # For all but the keys, each with the reason that it is.
    queries: list[tuple[Reason, QuerySet[Any]]] = field(default_factory=list)

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
            is_recipient |= Q(pk__in=_in_array(database_keys(self.keys)))
        for _, query in self.queries:
            is_recipient |= Q(pk__in=query.values("pk"))
        return all_users().filter(is_recipient)

    def is_same(self, other: Audience) -> bool:
        """Whether these are the same arguments. Two querysets may differ."""
        return (
            self.keys == other.keys
            and self.names == other.names
            and not self.querysets
            and not other.querysets
        )

    def is_at_most(self, count: int) -> bool:
        """Whether the arguments alone tell that the recipients are so few."""
        return not self.queries and len(self.keys) <= count

    def selection(self, excluded: Any) -> Selection:
        """The recipients who exist, without the user with the key `excluded`, as SQL."""
        named = Reason.NAME, Compiled("SELECT user_id FROM notify_named", [])
        parts = [named] if self.keys else []
        for reason, query in self.queries:
            with contextlib.suppress(EmptyResultSet):  # as of `none()`
                parts.append((reason, _compiled(all_users().filter(pk__in=_keys_of(query)))))
        reasons = sorted({reason for reason, _ in parts}) or [Reason.NAME]
        anyone, params = _union(parts, with_reasons=len(reasons) > 1)
        if excluded is not None:
            but = dialect().single_key()
            anyone = f"SELECT * FROM ({anyone}) AS anyone WHERE user_id <> {but}"
            params.append(database_key(excluded))
        return Selection(self._named(), Compiled(anyone, params), tuple(reasons))

    def _named(self) -> Compiled | None:
        """The users among the keys who exist."""
        if not self.keys:
            return None
        keys = database_keys(self.keys)
        users = all_users()
        if not _is_plain(users):
            return _compiled(users.filter(pk__in=_in_array(keys)))  # the manager may hide users
        if len(keys) == 1:
            return Compiled(
                f"SELECT * FROM {dialect().existing(dialect().single_key())} AS one", keys
            )
        existing = dialect().existing(dialect().keys_in_array())
        return Compiled(f"SELECT * FROM {existing} AS named", [sql.json_array(keys)])

    def refuse_unknown(self) -> None:
        """Raises UnknownUsers if a key belongs to no user. The keys are then as the users have
        them, each once: a collation may take several texts for one."""
        found: set[Any] = set()
        for chunk in in_chunks(iter(self.keys), KEYS_PER_QUERY):
            found.update(all_users().filter(pk__in=chunk).values_list("pk", flat=True))
        missing = self.keys - found
        if found - self.keys or has_collation(key_field()):
            missing = {key for key in missing if not all_users().filter(pk=key).exists()}
        if missing:
            raise UnknownUsers(missing)
        self.keys = found

    def _add(self, recipient: Any) -> None:
        match recipient:
            case Everyone():
                self.everyone = True
                self.names.append("everyone")
            case Group():
                self._add_named(self.groups, recipient, "group")
            case Permission():
                self._add_named(self.permissions, recipient, "permission")
            case Topic():
                self.topics.add(str(recipient))
                self.names.append(f"topic:{recipient}")
                _check_count(len(self.topics), MAX_GROUPS, "topics")
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

    def _queries(self) -> Iterator[tuple[Reason, QuerySet[Any]]]:
        if self.everyone:
            yield Reason.EVERYONE, active_users()
        if self.groups:
            yield Reason.GROUP, _members(self.groups)
        if self.permissions:
            yield Reason.PERMISSION, _allowed(self.permissions)
        if self.topics:
            yield Reason.TOPIC, active_users().filter(notify_subscriptions__topic__in=self.topics)
        for users in self.querysets:
            yield Reason.QUERY, users

    def _add_key(self, key: Any) -> None:
        try:
            self.keys.add(to_key(key))
        except ValidationError as error:
            raise InvalidNotice(
                "to",
                f"{key!r} is not a recipient. Pass users, their primary keys, groups, permissions, "
                "topics, querysets of users, or everyone(). Look up usernames first.",
            ) from error


def _union(
    parts: Sequence[tuple[Reason, Compiled]], *, with_reasons: bool
) -> tuple[str, list[Any]]:
    """A query of users, each once, with its parameters."""
    params = [param for _, part in parts for param in part.params]
    if with_reasons:
        anyone = " UNION ALL ".join(
            f"SELECT user_id, {reason:d} AS reason FROM ({part.statement}) AS part"
            for reason, part in parts
        )
        return (
            f"SELECT user_id, min(reason) AS reason FROM ({anyone}) AS anyone GROUP BY user_id",
            params,
        )
    nobody = f"SELECT user_id FROM {dialect().existing()} AS anyone WHERE 0 = 1"
    return " UNION ".join(part.statement for _, part in parts) or nobody, params


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
            f"has more than {limit:,} {kind}. Pass a single queryset of users instead, such as "
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


def _in_array(keys: list[Any]) -> RawSQL:
    """Keys as a single parameter, however many there are."""
    return RawSQL(dialect().keys_in_array()[1:-1], [sql.json_array(keys)])  # noqa: S611  ours


def _keys_of(query: QuerySet[Any]) -> QuerySet[Any]:
    # A subquery, because joins may repeat a user and slices cannot be filtered. The order decides
    # who is in a slice, and who is the first of those that DISTINCT ON takes for one.
    ordered = query.query.is_sliced or query.query.distinct_fields
    keys = query.values("pk") if ordered else query.order_by().values("pk")
    keys.query.select_for_update = False  # there may be no transaction, and nobody is changed
    return keys


def _is_plain(users: QuerySet[Any]) -> bool:
    """Whether a query is of the table of users alone: the project's manager hides and repeats
    nobody."""
    return type(users) is QuerySet and type(users.query) is Query and not users.query.where


def _compiled(users: QuerySet[Any]) -> Compiled:
    """A query of users' keys, each once."""
    keys = users.order_by().values(notify_key=F("pk"))
    statement, params = keys.query.get_compiler(using=sql.alias()).as_sql()
    each = "" if _is_plain(all_users()) else "DISTINCT "  # a manager may join other tables
    return Compiled(f"SELECT {each}notify_key AS user_id FROM ({statement}) AS part", list(params))
