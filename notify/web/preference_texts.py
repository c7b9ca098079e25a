"""What decides whether somebody is told something, in the words of a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from django.utils.translation import gettext as _

from notify.inbox.why import Why
from notify.kinds import registry
from notify.models import Notice
from notify.readers.deciding import Rule

Level = Literal["all", "category", "kind"]


def described(catalogue: dict[str, Any]) -> dict[str, Any]:
    """The catalogue of what a person can choose, each cell with a `text` of what decides."""
    for cell in catalogue["all"].values():
        cell["text"] = rule_text(cell["decided_by"], "all")
    for category in catalogue["categories"]:
        name = category["name"]
        for cell in category["channels"].values():
            cell["text"] = rule_text(cell["decided_by"], "category", name)
        for kind in category["kinds"]:
            for cell in kind["channels"].values():
                cell["text"] = rule_text(cell["decided_by"], "kind", name)
    return catalogue


def rule_text(rule: str, level: Level, category: str = "") -> str:
    """What stands below a choice for a kind, a category, or everything.

    Args:
        rule: A value of `Rule`.
        level: Of what the choice is.
        category: The name of the category, if there is one.
    """
    match rule:
        case Rule.REQUIRED:
            return _("Required")
        case Rule.MUTED if level == "kind":
            return _("You muted {name}").format(name=category)
        case Rule.MUTED:
            return _("Muted")
        case Rule.OWN_ALL if level != "all":
            return _("Your choice for everything")
        case Rule.OWN_CATEGORY if level == "kind":
            return _("Your choice for {name}").format(name=category)
        case Rule.OWN_KIND | Rule.OWN_CATEGORY | Rule.OWN_ALL:
            return _("Your choice")
        case Rule.SITE_GROUP:
            return _("This site's default for a group of yours")
        case Rule.CATEGORY if level == "kind":
            return _("Default for {name}").format(name=category)
    return _("This site's default")


def why_text(why: Why, notice: Notice, names: Mapping[str, str]) -> str:
    """What decides on a notice that somebody has.

    Args:
        why: What `notify.why` says.
        notice: The notice.
        names: What people call a target that is muted.
    """
    rule, target = why.decision.rule, why.decision.target
    if rule == Rule.MUTED and target is not None:
        return _("You muted {name}").format(name=names.get(target, target))
    kind = registry.get(notice.kind) if notice.kind else None
    if rule == Rule.OWN_KIND and kind is not None:
        return _("Your choice for {name}").format(name=registry.name_of(kind))
    return rule_text(rule, "kind", category_label(notice.category))


def category_label(key: str) -> str:
    """What people call a category: its label, or its key where no kind declares it."""
    found = registry.categories().get(key)
    return key if found is None else str(found.label)
