"""The kinds of this process, by key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from notify.kinds.category import Category
from notify.kinds.channels import CHANNELS

MAX_KEY = 100  # as Notice.kind
OWN = "notify."  # how the keys of notify's own kinds begin

# Subclasses of `Kind`, which registers them.
_kinds: dict[str, type[Any]] = {}


def register(kind: type[Any]) -> None:
    """Raises ImproperlyConfigured if another kind has the key, or no notice could have it."""
    key = kind.key
    if len(key) > MAX_KEY or not key.isprintable():
        raise ImproperlyConfigured(
            f"{_name(kind)}.key has {len(key)} characters. At most {MAX_KEY} are allowed, all of "
            "them printable."
        )
    other = _kinds.get(key)
    if other is not None and _name(other) != _name(kind):  # else its module is loaded again
        raise ImproperlyConfigured(
            f"{_name(other)} and {_name(kind)} have the same key, {key!r}. Notices are stored "
            "under it: give one of them another."
        )
    _kinds[key] = kind


def get(key: str) -> type[Any] | None:
    """The kind with this key; None if this process has none."""
    return _kinds.get(key)


def is_empty() -> bool:
    """Whether the project has no kind: those that notify itself sends do not count."""
    return all(key.startswith(OWN) for key in _kinds)


def all_kinds() -> list[type[Any]]:
    """By key."""
    return [_kinds[key] for key in sorted(_kinds)]


def categories() -> dict[str, Category]:
    """The declared categories of all kinds, by key."""
    declared = (kind.category for kind in all_kinds())
    return {one.key: one for one in declared if isinstance(one, Category)}


def declared_by(kind: type[Any]) -> Sequence[Any]:
    """The ways out of the browser of a kind: its own list, or that of its category."""
    if kind.channels is not None:
        own: Sequence[Any] = kind.channels
        return own
    return kind.category.channels if isinstance(kind.category, Category) else ()


def channels_of(kind_key: str, category_key: str) -> Sequence[Any]:
    """The ways out of the browser of a notice of this kind in this category, which may be empty."""
    kind = _kinds.get(kind_key)
    if kind is not None:
        return declared_by(kind)
    category = categories().get(category_key) if category_key else None
    return () if category is None else category.channels


def first_delay(kind_key: str, category_key: str) -> timedelta | None:
    """How long after an append somebody is to look who has not read it; None if nobody is."""
    return min((one.after for one in channels_of(kind_key, category_key)), default=None)


def declares_channels() -> bool:
    """Whether there is any way out of the browser."""
    return any(_declared(kind) for kind in _kinds.values())


def channel_keys() -> tuple[str, ...]:
    """The keys of all channels: that of the inbox, and of those that are declared."""
    return (*CHANNELS, *sorted({one.key for one in all_channels()}))


def channel(key: str) -> Any | None:
    """A declared channel with this key; None if there is none."""
    return next((one for one in all_channels() if one.key == key), None)


def all_channels() -> list[Any]:
    """The channels that kinds and categories declare: several of a key, where they differ."""
    return [one for kind in all_kinds() for one in _declared(kind)]


def _declared(kind: type[Any]) -> Sequence[Any]:
    """Those of the kind, and of its category, in which there may be notices without a kind."""
    of_category = kind.category.channels if isinstance(kind.category, Category) else ()
    return (*declared_by(kind), *of_category)


def name_of(kind: type[Any]) -> str:
    """What people see of a kind: its `verbose_name`, else the name of its class in words."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind.__name__)
    return str(kind.verbose_name) or words.capitalize()


def _name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
