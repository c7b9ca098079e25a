"""Texts of a kind in a language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.functional import Promise

from notify.exceptions import InvalidNotice
from notify.kinds.category import Category
from notify.kinds.kind import Kind


class LazyText(InvalidNotice):
    """A kind has returned a lazy object: its text would be that of whoever reads it first."""

    def __init__(self, field: str) -> None:
        super().__init__(
            field,
            "is a lazy object. Return a text: use gettext, not gettext_lazy, and reverse, not "
            "reverse_lazy.",
        )


def contents(kind: Kind, language: str | None = None, zone: str | None = None) -> dict[str, Any]:
    """The arguments of `send` that a kind stands for, unchecked.

    Args:
        kind: Which.
        language: A language code; by default that of the site (`LANGUAGE_CODE`).
        zone: The name of a time zone; by default that of the site (`TIME_ZONE`).

    Raises:
        LazyText: One of them is lazy, or has a lazy part.
    """
    at = ZoneInfo(zone) if zone else timezone.get_default_timezone()
    with translation.override(language or settings.LANGUAGE_CODE), timezone.override(at):
        made = {
            "title": kind.title(),
            "body": kind.body(),
            "url": kind.url(),
            "actions": list(kind.actions()),
            "data": kind.data(),
            "level": kind.level,
            "category": category_key(kind),
            "kind": kind.key,
            "about": kind.about(),
        }
    for field, value in made.items():
        if any(isinstance(part, Promise) for part in _parts(value)):
            raise LazyText(field)
    return made


def category_key(kind: Kind | type[Kind]) -> str:
    found = kind.category
    return found.key if isinstance(found, Category) else found


def _parts(value: Any, depth: int = 2) -> Iterator[Any]:
    """The value and what it contains, as deep as the texts of actions are."""
    yield value
    if depth and isinstance(value, Mapping | list | tuple):
        for one in value.values() if isinstance(value, Mapping) else value:
            yield from _parts(one, depth - 1)
