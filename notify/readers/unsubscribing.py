"""What a link in a message ends: a channel, for categories, and its undo.

A category is left by the choice for it, and by those for its kinds that say otherwise. All of them
are written at one time, by which the undo knows them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from notify.kinds import registry
from notify.kinds.rendering import category_key
from notify.models import Preference, user_pk
from notify.readers import defaults
from notify.readers.deciding import decide
from notify.readers.wishes import wishes_of
from notify.sql import database


def is_on(user: str, channel: str, categories: Collection[str]) -> bool:
    """Whether a person gets anything by the channel in these categories that they can turn off.
    Mutes, which end, are left aside.

    Args:
        user: `str(user.pk)`.
        channel: Which.
        categories: Their keys; "" is that of kinds without a category.
    """
    wishes = wishes_of(user, channel)
    asked = [("", category) for category in categories if category]
    asked += [
        (kind.key, category)
        for category in categories
        for kind in _kinds(channel, category)
        if channel not in kind.required
    ]
    return any(
        decide(defaults.asked(kind, category, channel), wishes).value for kind, category in asked
    )


def turn_off(user: str, channel: str, categories: Collection[str]) -> bool:
    """Ends it. Returns whether it was on."""
    if not is_on(user, channel, categories):
        return False
    scopes = {f"category:{category}" for category in categories if category}
    choices = wishes_of(user, channel).choices
    for category in categories:
        for kind in _kinds(channel, category):
            scope = f"kind:{kind.key}"
            if channel not in kind.required and (choices.get(scope) or not category):
                scopes.add(scope)
    _write(user, channel, scopes, value=False)
    return True


def turn_on(user: str, channel: str, categories: Collection[str]) -> bool:
    """Takes that back: the category, and the kinds that were turned off with it. Returns whether it
    was off."""
    if is_on(user, channel, categories):
        return False
    off = _off(user, channel)
    scopes = set()
    for category in categories:
        of_kinds = {f"kind:{kind.key}" for kind in _kinds(channel, category)} & off.keys()
        scope = f"category:{category}"
        at = off.get(scope) if category else max((off[one] for one in of_kinds), default=None)
        scopes |= {one for one in of_kinds if off[one] == at}
        scopes |= {scope} if category else set()
    _write(user, channel, scopes, value=True)
    return True


def _off(user: str, channel: str) -> dict[str, Any]:
    """When each scope was turned off."""
    rows = Preference.objects.filter(user=user_pk(user), channel=channel, value=False)
    return dict(rows.values_list("scope", "changed"))


def _write(user: str, channel: str, scopes: Iterable[str], *, value: bool) -> None:
    """In one statement, at one time. How often they want it stays, for when it is on again."""
    now = database.now()
    Preference.objects.bulk_create(
        [
            Preference(
                user_id=user_pk(user), scope=scope, channel=channel, value=value, changed=now
            )
            for scope in sorted(scopes)
        ],
        update_conflicts=True,
        unique_fields=["user", "scope", "channel"],
        update_fields=["value", "changed"],
    )


def _kinds(channel: str, category: str) -> list[Any]:
    """Those of a category that declare the channel."""
    return [
        kind
        for kind in registry.all_kinds()
        if category_key(kind) == category
        and any(one.key == channel for one in registry.declared_by(kind))
    ]
