"""The states of messages and of items, and the moves between them: for the code and for its tests.

An item is taken by a message, and what becomes of the message becomes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal

from notify.models import Message, OutboxItem

_M, _I = Message.State, OutboxItem.State


class Skipped(StrEnum):
    """Why an item was not sent: `OutboxItem.why` of those that are SKIPPED."""

    READ = "read"
    SEEN = "seen"
    ARCHIVED = "archived"
    RECALLED = "recalled"
    EXPIRED = "expired"
    DELETED = "deleted"  # the copy
    MUTED = "muted"
    UNWANTED = "unwanted"
    INACTIVE = "inactive"  # the account
    NO_ADDRESS = "no address"
    ADDRESS_REFUSED = "address refused"
    NO_CHANNEL = "no channel"  # its kind declares it no more
    RESTORED = "restored"  # made before the database was
    NOT_RENDERED = "not rendered"  # the render has failed too often, or ended its process


Move = Literal["begin", "drop", "hand", "refuse", "defer", "lose"]

# Any other move leaves a message where it is. A late answer of its own worker still counts.
MESSAGES: dict[tuple[Message.State, Move], Message.State] = {
    (_M.CLAIMED, "begin"): _M.SENDING,
    (_M.CLAIMED, "drop"): _M.DROPPED,
    (_M.SENDING, "hand"): _M.HANDED,
    (_M.SENDING, "refuse"): _M.REFUSED,
    (_M.SENDING, "defer"): _M.DEFERRED,
    (_M.SENDING, "lose"): _M.UNKNOWN,
    (_M.UNKNOWN, "hand"): _M.HANDED,
    (_M.UNKNOWN, "refuse"): _M.REFUSED,
}

# What a message's move does to those of its items that are still in it.
ITEMS: dict[Move, OutboxItem.State] = {
    "begin": _I.TAKEN,
    "drop": _I.WAITING,
    "hand": _I.HANDED,
    "refuse": _I.REFUSED,
    "defer": _I.WAITING,
    "lose": _I.UNKNOWN,
}

IN_A_MESSAGE = (_I.TAKEN, _I.UNKNOWN)
FINAL = (_I.HANDED, _I.SKIPPED, _I.REFUSED, _I.UNKNOWN)


def may(move: Move) -> Sequence[str]:
    """From where a message can make this move."""
    return [state for state, name in MESSAGES if name == move]


def target(move: Move) -> Message.State:
    """The state to which a move leads: the same from wherever it begins."""
    [state] = {to for (_, name), to in MESSAGES.items() if name == move}
    return state
