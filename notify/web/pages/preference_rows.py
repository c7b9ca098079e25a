"""Preferences as the rows and cells that a template shows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

FIELD_VALUES = {None: "", True: "on", False: "off"}


@dataclass(frozen=True, slots=True)
class Channel:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What holds for a row on a channel; `choice` is the value of its field."""

    id: str
    channel: Channel
    value: bool
    locked: bool
    choice: str
    default: bool
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    scope: str
    name: str
    description: str
    cells: list[Cell | None]
    kinds: list[Row] = field(default_factory=list)


def channel_name(key: str) -> str:
    """What people call a channel."""
    return _("Inbox") if key == "inbox" else key.capitalize()


def table_of(held: dict[str, Any]) -> dict[str, Any]:
    """The rows: `all`, and the `categories` with their kinds.

    Args:
        held: As `described` gives them.
    """
    channels = [Channel(key, channel_name(key)) for key in held["channels"]]
    ids = (f"rule-{n}" for n in itertools.count())

    def row(scope: str, what: dict[str, Any]) -> Row:
        cells = [_cell(next(ids), one, what["channels"]) for one in channels]
        return Row(scope, what["name"], what.get("description", ""), cells)

    def with_kinds(category: dict[str, Any]) -> Row:
        found = row(f"category:{category['key']}", category)
        found.kinds.extend(row(f"kind:{kind['key']}", kind) for kind in category["kinds"])
        return found

    everything = {"name": _("Everything"), "channels": held["all"]}
    return {
        "channels": channels,
        "columns": len(channels) + 1,
        "all": row("all", everything),
        "categories": [with_kinds(category) for category in held["categories"]],
    }


def _cell(cell_id: str, channel: Channel, held: dict[str, Any]) -> Cell | None:
    """None where there is nothing to choose, as for kinds without a category together."""
    if channel.key not in held:
        return None
    cell = held[channel.key]
    chosen, default = FIELD_VALUES[cell["chosen"]], cell["by_default"]
    return Cell(cell_id, channel, cell["value"], cell["locked"], chosen, default, cell["text"])
