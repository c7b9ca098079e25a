"""Whether a notice reaches somebody by a channel, and who says so.

`decide` is the rule, in Python; `filing` is the same in SQL, for all recipients of a batch at once,
and a test holds the two equal. Nothing here asks a database.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ALL = "all"  # the scope of everything


class Rule(StrEnum):
    """Who said it, from the strongest to the weakest: the first that speaks decides."""

    REQUIRED = "required"  # the kind
    MUTED = "muted"  # the person, of a thing, an actor, a topic or a category
    OWN_KIND = "own_kind"  # the person's choice for the kind
    OWN_CATEGORY = "own_category"  # for the category
    OWN_ALL = "own_all"  # for all on the channel
    SITE_GROUP = "site_group"  # the site, for a group of users
    SITE = "site"  # the site, for everybody
    KIND = "kind"
    CATEGORY = "category"
    NOTHING = "nothing"  # nobody: then it is on


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked about a notice, whoever it is for.

    Attributes:
        channel: By which it may reach them.
        kind: The key of its kind; may be empty.
        category: The key of its category; may be empty.
        targets: What it falls under that can be muted.
        required: Whether nobody can turn it off.
        of_groups: What the site says for each of its groups of users, in their order; None where it
            says nothing.
        site: What the site says for everybody.
        of_kind: What the kind says.
        of_category: What the category says.
    """

    channel: str
    kind: str = ""
    category: str = ""
    targets: tuple[str, ...] = ()
    required: bool = False
    of_groups: tuple[bool | None, ...] = ()
    site: bool | None = None
    of_kind: bool | None = None
    of_category: bool | None = None

    @property
    def kind_scope(self) -> str:
        return f"kind:{self.kind}" if self.kind else ""

    @property
    def category_scope(self) -> str:
        return f"category:{self.category}" if self.category else ""

    @property
    def default(self) -> Decision:
        """What holds where neither the person nor the site, for a group of theirs, speaks."""
        for rule, value in (
            (Rule.SITE, self.site),
            (Rule.KIND, self.of_kind),
            (Rule.CATEGORY, self.of_category),
        ):
            if value is not None:
                return Decision(value, rule)
        return Decision(True, Rule.NOTHING)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person has said, as far as it may matter to what is asked.

    Attributes:
        choices: On the channel, by scope.
        muted: The targets that are muted now.
        groups: The site's groups of users that they are in, by their place in its list.
        rhythms: How often, where it is not at once, by scope (`preferences.RHYTHMS`).
    """

    choices: Mapping[str, bool] = field(default_factory=dict)
    muted: Collection[str] = ()
    groups: Collection[int] = ()
    rhythms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the notice reaches them, and what of the rule decided: for a mute its target. Where a
    choice of theirs decides, how often; empty: at once."""

    value: bool
    rule: Rule
    target: str | None = None
    rhythm: str = ""


def decide(asked: Asked, wishes: Wishes) -> Decision:
    """Whether a notice reaches a person by a channel. The first rule that speaks decides."""
    if asked.required:
        return Decision(True, Rule.REQUIRED)
    for target in asked.targets:
        if target in wishes.muted:
            return Decision(False, Rule.MUTED, target)
    for rule, scope in (
        (Rule.OWN_KIND, asked.kind_scope),
        (Rule.OWN_CATEGORY, asked.category_scope),
        (Rule.OWN_ALL, ALL),
    ):
        if scope and scope in wishes.choices:
            return Decision(wishes.choices[scope], rule, rhythm=wishes.rhythms.get(scope, ""))
    for n, value in enumerate(asked.of_groups):
        if value is not None and n in wishes.groups:
            return Decision(value, Rule.SITE_GROUP)
    return asked.default
