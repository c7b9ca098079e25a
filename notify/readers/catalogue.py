"""What a person can choose, and what holds for them now: the categories and kinds of the project,
each with who decides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext

from notify.kinds import registry
from notify.kinds.channels import CHANNELS
from notify.kinds.rendering import category_key
from notify.readers import defaults, profile
from notify.readers.deciding import Asked, Decision, Rule, Wishes, decide
from notify.readers.wishes import wishes_of


def catalogue(user: str, also: Iterable[str] = ()) -> dict[str, Any]:
    """The answer of `GET preferences/` of docs/http-api.md. A category of which every kind is
    required is locked itself, unless something was chosen for it.

    Args:
        user: `str(user.pk)`.
        also: Keys of more categories, that no kind declares.
    """
    kinds_of: dict[str, list[Any]] = {key: [] for key in also}
    for kind in registry.all_kinds():
        kinds_of.setdefault(category_key(kind), []).append(kind)
    targets = [f"category:{key}" for key in kinds_of if key]
    wishes = {channel: wishes_of(user, channel, targets) for channel in registry.channel_keys()}
    for of_channel in wishes.values():
        for scope in of_channel.choices:
            prefix, _, key = scope.partition(":")
            if prefix == "category":
                kinds_of.setdefault(key, [])
    declared = registry.categories()
    categories = [_category(key, declared, kinds_of[key], wishes) for key in kinds_of]
    return {
        "channels": list(registry.channel_keys()),
        "all": _cells("all", "", "", wishes),
        # Those without a category are last.
        "categories": sorted(categories, key=lambda one: (not one["key"], one["name"].casefold())),
        **profile.profile_of(user),
    }


def _category(
    key: str, declared: Mapping[str, Any], kinds: Iterable[Any], wishes: Mapping[str, Wishes]
) -> dict[str, Any]:
    found = declared.get(key)
    name = gettext("Other") if not key else key if found is None else str(found.label)
    channels = {one.key for kind in kinds for one in registry.declared_by(kind)}
    channels |= set() if found is None else {one.key for one in found.channels}
    of_kinds = [
        {
            "key": kind.key,
            "name": registry.name_of(kind),
            "channels": _cells(
                f"kind:{kind.key}",
                kind.key,
                key,
                _of({one.key for one in registry.declared_by(kind)}, wishes),
            ),
        }
        for kind in kinds
    ]
    cells = _cells(f"category:{key}", "", key, _of(channels, wishes)) if key else {}
    for channel, cell in cells.items():
        locked = [
            kind["channels"][channel]["locked"] for kind in of_kinds if channel in kind["channels"]
        ]
        if locked and all(locked) and cell["chosen"] is None:
            cell |= {"value": True, "decided_by": str(Rule.REQUIRED), "locked": True}
    return {
        "key": key,
        "name": name,
        "description": "" if found is None else str(found.description),
        "channels": cells,
        "kinds": of_kinds,
    }


def _of(channels: Collection[str], wishes: Mapping[str, Wishes]) -> dict[str, Wishes]:
    """The inbox, and the ways out of the browser that are declared there."""
    return {key: said for key, said in wishes.items() if key in CHANNELS or key in channels}


def _cells(
    scope: str, kind: str, category: str, wishes: Mapping[str, Wishes]
) -> dict[str, dict[str, Any]]:
    """By channel: whether it is on and how often, who decides, whether it is locked, what was
    chosen for just this scope, and what holds without that choice."""
    targets = (f"category:{category}",) if category else ()
    cells = {}
    for channel, of_channel in wishes.items():
        asked = replace(defaults.asked(kind, category, channel), targets=targets)
        decision = decide(asked, of_channel)
        chosen = of_channel.choices.get(scope)
        by_default = _without(asked, of_channel, scope)
        cells[channel] = {
            "value": decision.value,
            "rhythm": decision.rhythm if not chosen else of_channel.rhythms.get(scope, ""),
            "decided_by": str(decision.rule),
            "locked": decision.rule == Rule.REQUIRED,
            "chosen": chosen,
            "by_default": by_default.value,
            "rhythm_by_default": by_default.rhythm,
        }
    return cells


def _without(asked: Asked, wishes: Wishes, scope: str) -> Decision:
    """What holds if a choice is given back; a mute, which ends, is left aside."""
    others = {other: value for other, value in wishes.choices.items() if other != scope}
    return decide(replace(asked, targets=()), replace(wishes, choices=others))
