"""Texts of a kind in a language."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.functional import Promise

from notify.kinds.category import Category
from notify.kinds.kind import Kind


def contents(kind: Kind, language: str | None = None, zone: str | None = None) -> dict[str, Any]:
    """The arguments of `send` that a kind stands for, unchecked.

    Args:
        kind: Which.
        language: A language code; by default that of the site (`LANGUAGE_CODE`).
        zone: The name of a time zone; by default that of the site (`TIME_ZONE`).
    """
    at = ZoneInfo(zone) if zone else timezone.get_default_timezone()
    with translation.override(language or settings.LANGUAGE_CODE), timezone.override(at):
        return {
            "title": _text(kind.title()),
            "body": _text(kind.body()),
            "url": _text(kind.url()),
            "actions": [
                {name: _text(text) for name, text in action.items()} for action in kind.actions()
            ],
            "data": kind.data(),
            "level": kind.level,
            "category": category_key(kind),
            "kind": kind.key,
            "about": kind.about(),
        }


def category_key(kind: Kind | type[Kind]) -> str:
    found = kind.category
    return found.key if isinstance(found, Category) else found


def _text(value: Any) -> Any:
    """A lazy translation in the language that is active now; what is no text is refused later."""
    return str(value) if isinstance(value, Promise) else value
