"""Preferences as the rows and cells that a template shows."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notify.kinds import registry
from notify.kinds.channels import INBOX

NOW = "now"  # what is on is told at once, where it leaves the browser
LABELS: dict[str, Any] = {
    "on": gettext_lazy("On"),
    "off": gettext_lazy("Off"),
    NOW: gettext_lazy("At once"),
    "hourly": gettext_lazy("Hourly"),
    "daily": gettext_lazy("Daily"),
    "weekly": gettext_lazy("Weekly"),
}
DEFAULTS: dict[str, Any] = {
    "on": gettext_lazy("Default (on)"),
    "off": gettext_lazy("Default (off)"),
    NOW: gettext_lazy("Default (at once)"),
    "hourly": gettext_lazy("Default (hourly)"),
    "daily": gettext_lazy("Default (daily)"),
    "weekly": gettext_lazy("Default (weekly)"),
}


@dataclass(frozen=True, slots=True)
class Channel:
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What holds for a row on a channel, in words. `choice` is the value of its field; `options`
    are all that it may have, with their labels."""

    id: str
    channel: Channel
    held: str
    locked: bool
    choice: str
    options: list[tuple[str, str]]
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
    if key == INBOX:
        return _("Inbox")
    return str(getattr(registry.channel(key), "label", "")) or key.capitalize()


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
        "defaults": DEFAULTS,
        "all": row("all", everything),
        "categories": [with_kinds(category) for category in held["categories"]],
    }


def _cell(cell_id: str, channel: Channel, held: dict[str, Any]) -> Cell | None:
    """None where there is nothing to choose, as for kinds without a category together."""
    if channel.key not in held:
        return None
    cell = held[channel.key]
    chosen = cell["chosen"]
    choice = "" if chosen is None else _choice(chosen, cell["rhythm"])
    values = ["on", "off"] if channel.key == INBOX else ["off", "on", "hourly", "daily", "weekly"]
    default = _choice(cell["by_default"], cell["rhythm_by_default"])
    return Cell(
        id=cell_id,
        channel=channel,
        held=_in_words(LABELS, channel, _choice(cell["value"], cell["rhythm"])),
        locked=cell["locked"],
        choice=choice,
        options=[
            ("", _in_words(DEFAULTS, channel, default)),
            *((value, _in_words(LABELS, channel, value)) for value in values),
        ],
        text=cell["text"],
    )


def _choice(value: bool, rhythm: str) -> str:
    return (rhythm or "on") if value else "off"


def _in_words(texts: dict[str, Any], channel: Channel, choice: str) -> str:
    return str(texts[NOW if choice == "on" and channel.key != INBOX else choice])
