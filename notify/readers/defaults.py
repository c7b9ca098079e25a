"""What the project says of a notice: its kind, its category, its settings."""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.core.exceptions import EmptyResultSet
from django.core.signals import setting_changed
from django.db.models import F, QuerySet
from django.dispatch import receiver
from django.utils.module_loading import import_string

from notify import conf, sql
from notify.kinds import Category, registry
from notify.kinds.channels import INBOX
from notify.models import Notice
from notify.readers.deciding import ALL, Asked
from notify.readers.targets import targets_of
from notify.sql.keys import user_table

logger = logging.getLogger(__name__)


class SiteGroup(NamedTuple):
    """Users for whom the site has defaults of their own, by scope and then by channel."""

    users: QuerySet[Any]
    defaults: Mapping[str, Mapping[str, bool]]

    def members(self) -> tuple[str, list[Any]]:
        """A query of their keys, with its parameters; asked anew each time it runs."""
        found = self.users.using(sql.alias()).values(notify_key=F("pk"))
        found.query.select_for_update = False
        try:
            statement, params = found.query.get_compiler(using=sql.alias()).as_sql()
        except EmptyResultSet:  # as of `none()`
            table, pk = user_table()
            statement, params = f"SELECT {pk} FROM {table} WHERE 0 = 1", ()
        return statement, list(params)


def asked_of(notice: Notice, channel: str = INBOX) -> Asked:
    """What is asked about a notice."""
    return asked(notice.kind, notice.category, channel, targets_of(notice))


def asked(
    kind_key: str, category_key: str, channel: str = INBOX, targets: tuple[str, ...] = ()
) -> Asked:
    """What is asked about notices of this kind in this category, which may both be empty."""
    kind = registry.get(kind_key) if kind_key else None
    category = category_of(kind, category_key)
    site = conf.current().defaults
    return Asked(
        channel=channel,
        kind=kind_key,
        category=category_key,
        targets=targets,
        required=kind is not None and channel in kind.required,
        of_groups=tuple(
            _said(group.defaults, kind_key, category_key, channel) for group in site_groups()
        ),
        site=_said(site, kind_key, category_key, channel) if site else None,
        of_kind=None if kind is None else kind.defaults.get(channel),
        of_category=None if category is None else category.defaults.get(channel),
    )


def category_of(kind: Any, key: str) -> Category | None:
    """The declared category with this key, which is that of most notices of the kind."""
    own = None if kind is None else kind.category
    if isinstance(own, Category) and own.key == key:
        return own
    return registry.categories().get(key) if key else None


def site_groups() -> Sequence[SiteGroup]:
    """The groups of users for whom the site has defaults of their own, the first of which goes
    before the others.

    The project's function is called once in each process; its querysets are asked anew each time.
    """
    path = conf.current().group_defaults
    return () if path is None else _of_project(path)


@functools.cache
def _of_project(path: str) -> Sequence[SiteGroup]:
    try:
        return read_groups(path)
    except Exception:  # the code of a project
        logger.exception("NOTIFY_GROUP_DEFAULTS failed: no group of users has defaults of its own.")
        return ()


def read_groups(path: str) -> Sequence[SiteGroup]:
    """Calls the project's function. Raises what it raises, and ValueError for what is wrong in
    what it returns."""
    found = []
    for users, defaults in import_string(path)():
        if not isinstance(users, QuerySet) or not issubclass(users.model, get_user_model()):
            raise ValueError(
                f"must return querysets of users, each with defaults, not {users!r:.80}"
            )
        found.append(SiteGroup(users, conf.scoped_defaults(defaults)))
    return found


def _said(
    defaults: Mapping[str, Mapping[str, bool]], kind: str, category: str, channel: str
) -> bool | None:
    for scope in (f"kind:{kind}", f"category:{category}", ALL):
        value = defaults.get(scope, {}).get(channel)
        if value is not None:
            return value
    return None


@receiver(setting_changed)
def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting == "NOTIFY_GROUP_DEFAULTS":
        _of_project.cache_clear()
