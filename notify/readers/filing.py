"""`deciding.decide` in SQL, for all recipients of an append at once.

Where the project declares nothing and nobody has set anything, an append has no part of this but
two conditions, that both tables are empty. A process that finds them full asks from then on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from notify import sql
from notify.readers.deciding import ALL, Asked
from notify.readers.defaults import site_groups
from notify.sql.dialects import dialect

NOTHING_SET = """NOT EXISTS (SELECT 1 FROM notify_preference)
            AND NOT EXISTS (SELECT 1 FROM notify_mute)"""
NOBODY = "FALSE"  # a condition, whether a copy is filed


class _Known:
    """What this process knows: whether somebody has set something. Nothing takes it back."""

    something_set = False


class Off(NamedTuple):
    """How an append decides who gets its notices filed.

    Attributes:
        gate: A condition of the whole statement. Where it is not `TRUE` and the statement has
            found nobody, it is to be repeated without it (`off_of`).
        condition: Whether a copy is filed: of a row `person` with a `user_id`, and a row `asked`.
        params: Its parameters.
        asked: A subquery of the rows `asked`, one for each notice; empty where nothing is asked.
        asked_params: Its parameters.
    """

    gate: str = "TRUE"
    condition: str = NOBODY
    params: Sequence[Any] = ()
    asked: str = ""
    asked_params: Sequence[Any] = ()

    @property
    def is_gated(self) -> bool:
        return self.gate != "TRUE"


def off_of(asked: Sequence[Asked], notice_ids: Sequence[int] = (), *, gated: bool = True) -> Off:
    """How an append decides.

    Args:
        asked: What is asked about each notice.
        notice_ids: Their ids, if they are several.
        gated: Whether it may take for granted, under the gate, that nobody has set anything.
    """
    if all(one.required for one in asked):
        return Off()
    is_declared = any(
        not one.default.value or any(value is not None for value in one.of_groups) for one in asked
    )
    if gated and not is_declared and not _Known.something_set:
        return Off(gate=NOTHING_SET)
    condition, params = _condition(len(asked[0].of_groups))
    return Off("TRUE", condition, params, _rows(asked), [_values(asked, notice_ids)])


def note_something_set() -> None:
    """Somebody has set something: from now on, this process asks without a gate."""
    _Known.something_set = True


def _condition(groups: int) -> tuple[str, list[Any]]:
    # The strongest choice is the lowest number, which is odd where it is "on": SQLite sees no outer
    # column in an ORDER BY.
    of_groups, params = "", list[Any]()
    for n, group in zip(range(groups), site_groups(), strict=False):
        members, values = group.members()
        of_groups += f"CASE WHEN person.user_id IN ({members}) THEN asked.of_group_{n} END, "
        params += values
    return (
        f"""CASE WHEN asked.required THEN FALSE
            WHEN EXISTS (
                SELECT 1 FROM notify_mute AS mute
                WHERE mute.user_id = person.user_id
                    AND {dialect().is_among("mute.target", "asked.targets")}
                    AND (mute.until IS NULL OR mute.until > {dialect().CLOCK})
            ) THEN TRUE
            ELSE NOT COALESCE((
                SELECT min(CASE choice.scope WHEN asked.kind_scope THEN 0
                    WHEN asked.category_scope THEN 2 ELSE 4 END
                    + CASE WHEN choice.value THEN 1 ELSE 0 END) & 1
                FROM notify_preference AS choice
                WHERE choice.user_id = person.user_id AND choice.channel = asked.channel
                    AND choice.scope IN (asked.kind_scope, asked.category_scope, '{ALL}')
            ) = 1, {of_groups}asked.by_default) END""",
        params,
    )


def _rows(asked: Sequence[Asked]) -> str:
    element = dialect().element
    groups = "".join(
        f", {element(7 + n, 'boolean')} AS of_group_{n}" for n in range(len(asked[0].of_groups))
    )
    # The limit keeps the planner from reading the JSON anew for each person.
    return f"""(
        SELECT {element(0, "bigint")} AS notice_id, {element(1, "varchar")} AS channel,
            {element(2, "varchar")} AS kind_scope, {element(3, "varchar")} AS category_scope,
            {dialect().texts(4)} AS targets, {element(5, "boolean")} AS required,
            {element(6, "boolean")} AS by_default{groups}
        FROM {dialect().items_in_array()} AS items
        LIMIT {len(asked)}
    )"""


def _values(asked: Sequence[Asked], notice_ids: Sequence[int]) -> str:
    ids = notice_ids or [0] * len(asked)
    return sql.json_array(
        (
            notice_id,
            one.channel,
            one.kind_scope or None,
            one.category_scope or None,
            one.targets,
            one.required,
            one.default.value,
            *one.of_groups,
        )
        for notice_id, one in zip(ids, asked, strict=True)
    )
