"""Hints: the messages on the channel layer, made and taken apart here only.

A hint says what has changed or asks for something; it may be lost, and the database has the
truth. Several deployments and two versions of notify may share a layer, so `stamped` adds to each
hint where it comes from. The listener reads that stamp before it believes anything else.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

from notify import protocol
from notify.changes import Change, Locale, Row, Step, TypedRow
from notify.inbox import renderings

# Raised when hints change so that an older process would misread one: it drops them, and its
# sweep finds in the database what they said.
VERSION = 1
MAX_ROWS_BYTES = 64 * 1024  # above it, a hint has no rows and the receiver reads them

# This process. It gets its own hints directly and ignores them on the layer.
ORIGIN = uuid.uuid4().hex

STEP_LENGTH = len(Step._fields) - 1  # without the badge


class ChangeHint(TypedDict):
    """A `Change` was committed."""

    type: Literal["notify.change"]
    at: NotRequired[float]  # about when it was committed: Unix time, in seconds
    # The fields of all steps in one flat list: nested lists would make the garbage collector run
    # in the hub. Their last one, the badge, is a list by itself, which older processes do not read.
    steps: list[Any]
    badges: NotRequired[list[int]]
    arrivals: list[str]  # JSON, without what differs between recipients
    rows: list[str] | None  # JSON
    # Where one of the arrivals or rows is of a `Kind`: the fields of each, as JSON, or None. Older
    # processes do not read them, and deliver the texts as they were sent.
    params: NotRequired[list[str | None]]


class WorkHint(TypedDict):
    """Batches are due."""

    type: Literal["notify.work"]


class SessionHint(TypedDict):
    """The sockets of a user must be revalidated."""

    type: Literal["notify.session"]
    user: str


class PreferencesHint(TypedDict):
    """A user has changed what they want."""

    type: Literal["notify.preferences"]
    user: str
    changed: str  # what of it; see `protocol.preferences`


class CloseHint(TypedDict):
    """One socket of a user is to be closed."""

    type: Literal["notify.close"]
    user: str
    socket: str


class AskHint(TypedDict):
    """A process that watches a topic asks the others for their parts of it."""

    type: Literal["notify.ask"]
    topic: str
    process: str
    holds: NotRequired[float]  # seconds for which the asking process uses an answer
    # The group that wants the answers, for a question that is asked once: see `bus.online`. Older
    # processes have no part of such a topic.
    answers: NotRequired[str]


class PartHint(TypedDict):
    """The answer to an `AskHint`."""

    type: Literal["notify.part"]
    topic: str
    process: str
    part: Any


Hint = ChangeHint | WorkHint | SessionHint | PreferencesHint | CloseHint | AskHint | PartHint


class Probe(TypedDict):
    """No hint: a process sends it to itself, to find out whether the layer works."""

    type: Literal["notify.probe"]
    of: str
    n: int


# Making hints


def change_hint(change: Change) -> ChangeHint:
    fields: list[Any] = [*chain.from_iterable(change.steps)]
    badges = fields[STEP_LENGTH :: STEP_LENGTH + 1]
    del fields[STEP_LENGTH :: STEP_LENGTH + 1]
    hint: ChangeHint = {
        "type": "notify.change",
        "at": time.time(),
        "steps": fields,
        "badges": badges,
        "arrivals": _encoded_arrivals(change.arrivals),
        "rows": None if change.rows is None else _encoded_rows(change.rows),
    }
    if hint["arrivals"] or hint["rows"]:
        params = _params(change.arrivals or change.rows or ())
        if any(params):
            hint["params"] = params
    return hint


def for_one(hint: ChangeHint, step: Step) -> ChangeHint:
    """The same hint with this step only."""
    return {**hint, "steps": [*step[:-1]], "badges": [step.badge]}


def work_hint() -> WorkHint:
    return {"type": "notify.work"}


def session_hint(user: str) -> SessionHint:
    return {"type": "notify.session", "user": user}


def preferences_hint(user: str, changed: str) -> PreferencesHint:
    return {"type": "notify.preferences", "user": user, "changed": changed}


def close_hint(user: str, socket_id: str) -> CloseHint:
    return {"type": "notify.close", "user": user, "socket": socket_id}


def ask_hint(topic: str, holds_s: float, answers: str | None = None) -> AskHint:
    hint: AskHint = {"type": "notify.ask", "topic": topic, "process": ORIGIN, "holds": holds_s}
    return hint if answers is None else {**hint, "answers": answers}


def part_hint(topic: str, part: Any) -> PartHint:
    return {"type": "notify.part", "topic": topic, "process": ORIGIN, "part": part}


def probe(name: str, n: int) -> Probe:
    return {"type": "notify.probe", "of": name, "n": n}


def stamped(hint: Hint, deployment: str) -> dict[str, Any]:
    """The hint as it goes to the layer."""
    return {**hint, "origin": ORIGIN, "deployment": deployment, "v": VERSION}


def _encoded_arrivals(arrivals: Sequence[Row]) -> list[str]:
    """One arrival is always included, whatever its size; several only if they fit together."""
    encoded = [protocol.arrival_tail(row) for row in arrivals]
    return encoded if len(encoded) == 1 or _fits(encoded, arrivals) else []


def _encoded_rows(rows: list[Row]) -> list[str] | None:
    encoded = [protocol.encode(row) for row in rows]
    return encoded if _fits(encoded, rows) else None


def _fits(encoded: list[str], rows: Sequence[Row]) -> bool:
    with_params = [*encoded, *filter(None, _params(rows))]
    return protocol.frame_size(with_params) <= MAX_ROWS_BYTES


def _params(rows: Sequence[Row]) -> list[str | None]:
    return [row.params if isinstance(row, TypedRow) else None for row in rows]


# Taking hints apart


class Stamp(NamedTuple):
    """Where a message on the layer comes from, as it says itself; None where it does not."""

    origin: Any
    deployment: Any
    version: Any


def stamp_of(message: Mapping[str, Any]) -> Stamp:
    return Stamp(message.get("origin"), message.get("deployment"), message.get("v"))


def probe_number(message: Mapping[str, Any], name: str) -> int | None:
    """The number of a probe of this name; None for any other message."""
    return int(message["n"]) if message.get("of") == name else None


def came_by_layer(hint: Mapping[str, Any]) -> bool:
    """Whether the hint was read from the layer; else this process made it."""
    return "origin" in hint


class Announced(NamedTuple):
    """A change hint, taken apart."""

    at: float  # about when the change was committed: Unix time, in seconds
    rows: protocol.Rows
    steps: Iterable[protocol.UserChange]  # each with the rows


def read_change(hint: ChangeHint) -> Announced:
    """Takes a change hint apart. Without badges, from an older process, its rows are unknown: then
    all is read from the database.

    Raises:
        KeyError: A field is missing.
        ValueError: A step is incomplete.
    """
    steps = hint["steps"]
    users, rest = divmod(len(steps), STEP_LENGTH)
    badges = hint.get("badges")
    if rest or (badges is not None and len(badges) != users):
        raise ValueError(f"a hint has {STEP_LENGTH} values and a badge for each recipient")
    rows = protocol.Rows() if badges is None else protocol.Rows(hint["arrivals"], hint["rows"])
    with_rows = zip(*[iter(steps)] * STEP_LENGTH, badges or repeat(0), repeat(rows), strict=False)
    return Announced(hint.get("at", time.time()), rows, with_rows)


def rows_in(hint: ChangeHint, locale: Locale) -> protocol.Rows:
    """The rows of a change hint with `params`, as clients with this locale are told them.

    Raises:
        ValueError: The hint does not say of each row what it is made of.
    """
    arrivals, rows, params = hint["arrivals"], hint["rows"], hint.get("params", [])
    if arrivals:
        tails = [
            tail if own is None else protocol.arrival_tail(_shown("{" + tail, own, locale))
            for tail, own in zip(arrivals, params, strict=True)
        ]
        return protocol.Rows(tails)
    changed = [
        text if own is None else protocol.encode(_shown(text, own, locale))
        for text, own in zip(rows or (), params, strict=True)
    ]
    return protocol.Rows((), changed)


def _shown(text: str, params: str, locale: Locale) -> Row:
    return renderings.shown(TypedRow(json.loads(text), params), locale)
