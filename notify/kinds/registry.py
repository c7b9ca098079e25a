"""The kinds of this process, by key."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from notify.kinds.category import Category

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


def name_of(kind: type[Any]) -> str:
    """What people see of a kind: its `verbose_name`, else the name of its class in words."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind.__name__)
    return str(kind.verbose_name) or words.capitalize()


def _name(kind: type[Any]) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
