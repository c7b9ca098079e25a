"""Notifications as rows of the protocol, made of a record of raw SQL or of a notice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from notify.changes import Row, TypedRow
from notify.inbox import places
from notify.models import Notice
from notify.protocol.times import rfc3339
from notify.sql.dialects import dialect
from notify.sql.keys import public_key

_TIMES = ("seen", "read", "archived", "recalled")
_TEXTS = ("kind", "category", "level", "title", "body", "url")
_RECALLED: Row = {"title": "", "body": "", "url": None, "actor": None, "actions": [], "data": {}}


def columns() -> str:
    """The columns that `row_of` takes, as SQL: of a notification `copy` and its `notice`."""
    write_time = dialect().rfc3339
    placed = write_time("copy.placed")
    times = (
        f"{write_time('copy.seen')}, {write_time('copy.read')},"
        f" CASE WHEN {places.IN_ARCHIVE} THEN {placed} END,"
        f" CASE WHEN {places.RECALLED} THEN {placed} END"
    )
    texts = ", ".join(f"notice.{name}" for name in _TEXTS)
    return (
        f"copy.notice_id, copy.arrived, copy.version, {times}, {texts}, notice.actor_id,"
        " notice.actor_name, notice.actor_picture, notice.about_type, notice.about_id,"
        " notice.actions, notice.data, notice.params,"
        f" {write_time('notice.created')}, {write_time('notice.expires')}"
    )


def row_of(record: Sequence[Any]) -> Row:
    """A record of `columns` as a row, with its texts in the site's language; those of a recalled
    notice are empty."""
    notice_id, arrived, version, seen, read, archived, recalled, *content = record
    kind, category, level, title, body, url, actor, *more = content
    name, picture, about_type, about_id, actions, data, params, created, expires = more
    row: Row = {
        "id": notice_id,
        "arrived": arrived,
        "version": version,
        "kind": kind,
        "category": category,
        "level": level,
        "title": title,
        "body": body,
        "url": url or None,
        "actor": None if actor is None else _actor(public_key(actor), name, picture),
        "actions": json.loads(actions),
        "data": json.loads(data),
        "created": created,
        "expires": expires,
        "seen": seen,
        "read": read,
        "archived": archived,
        "recalled": recalled,
    }
    if recalled is not None:
        return row | _RECALLED
    row |= _about(about_type, about_id)
    return row if params is None else TypedRow(row, params)


def notice_row(notice: Notice) -> Row:
    """A notice as a new row, without `arrived` and `version`."""
    actor = None
    if notice.actor_id:
        actor = _actor(str(notice.actor_id), notice.actor_name, notice.actor_picture)
    row: Row = {
        "id": notice.pk,
        **{name: getattr(notice, name) for name in _TEXTS},
        "url": notice.url or None,
        "actor": actor,
        **_about(notice.about_type, notice.about_id),
        "actions": notice.actions,
        "data": notice.data,
        "created": rfc3339(notice.created),
        "expires": rfc3339(notice.expires) if notice.expires else None,
        **dict.fromkeys(_TIMES),
    }
    return row if notice.params is None else TypedRow(row, json.dumps(notice.params))


def _actor(key: str, name: str, picture: str) -> dict[str, str]:
    return {"id": key, "name": name} | ({"picture": picture} if picture else {})


def _about(kind_of_thing: str | None, key: str | None) -> Row:
    return {} if kind_of_thing is None else {"about": {"type": kind_of_thing, "id": key}}
