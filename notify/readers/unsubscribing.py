"""What a link in a message ends: a channel, for categories, and its undo.

A category is left by the choice for it, and by those for its kinds that say otherwise. Each of
these rows remembers what it was, until its person chooses something else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from notify.kinds import registry
from notify.kinds.rendering import category_key
from notify.models import Preference, user_pk
from notify.readers import defaults, preferences
from notify.readers.deciding import decide
from notify.readers.wishes import wishes_of
from notify.sql import transactions

Before = Preference.Before


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
    choices = wishes_of(user, channel).choices
    scopes = {_scope_of(category) for category in categories if category}
    for category in categories:
        for kind in _kinds(channel, category):
            scope = f"kind:{kind.key}"
            if channel not in kind.required and (choices.get(scope) or not category):
                scopes.add(scope)
    # What they have turned off themselves is none of the undo's.
    ended = (scope for scope in scopes if choices.get(scope) is not False)
    _write(user, channel, {scope: _before(choices.get(scope)) for scope in ended}, value=False)
    return True


def turn_on(user: str, channel: str, categories: Collection[str]) -> bool:
    """Takes that back. What they have turned off themselves is turned on if it is all that there
    is: they have asked for it. Returns whether it was off."""
    return transactions.in_transaction(lambda: _turn_on(user, channel, categories))


def _turn_on(user: str, channel: str, categories: Collection[str]) -> bool:
    if is_on(user, channel, categories):
        return False
    scopes = {_scope_of(category) for category in categories if category}
    scopes |= {f"kind:{kind.key}" for one in categories for kind in _kinds(channel, one)}
    off = Preference.objects.filter(
        user=user_pk(user), channel=channel, value=False, scope__in=scopes
    )
    before = dict(off.exclude(before="").values_list("scope", "before"))
    off.filter(before=Before.UNSAID).delete()
    resumed = {scope for scope, value in before.items() if value == Before.ON}
    if not is_on(user, channel, categories) and not resumed:
        resumed = {_scope_of(category) for category in categories if category}
        resumed |= {kind for kind in off.values_list("scope", flat=True) if "" in categories}
    _write(user, channel, dict.fromkeys(resumed, ""), value=True)
    return True


def _scope_of(category: str) -> str:
    return f"category:{category}"


def _before(choice: bool | None) -> str:
    return Before.UNSAID if choice is None else Before.ON


def _write(user: str, channel: str, remembered: Mapping[str, str], *, value: bool) -> None:
    """How often they want it stays, for when it is on again."""
    rows = [
        Preference(scope=scope, channel=channel, value=value, before=before)
        for scope, before in sorted(remembered.items())
    ]
    preferences.save(user, rows)


def _kinds(channel: str, category: str) -> list[Any]:
    """Those of a category that declare the channel."""
    return [
        kind
        for kind in registry.all_kinds()
        if category_key(kind) == category
        and any(one.key == channel for one in registry.declared_by(kind))
    ]
