"""The frames that the server sends, as text; `inbox` frames are in inbox_frames.py."""

from __future__ import annotations

from typing import Any

from notify.changes import Cursor, Reading
from notify.protocol.codes import VERSION, Refused
from notify.protocol.encoding import encode


def hello(
    user: str,
    reading: Reading,
    language: str,
    ping_interval: float | None,
    ping_timeout: float | None,
) -> str:
    return encode(
        {
            "type": "hello",
            "protocol": VERSION,
            "user": user,
            "epoch": reading.epoch,
            "version": reading.version,
            "unseen": reading.unseen,
            "unread": reading.unread,
            "badge": reading.badge,
            "language": language,
            "ping_interval": ping_interval,
            "ping_timeout": ping_timeout,
        }
    )


def ping(id_: int, cursor: Cursor) -> str:
    return f'{{"type":"ping","id":{id_},"epoch":"{cursor.epoch}","version":{cursor.since}}}'


def pong(id_: int) -> str:
    return encode({"type": "pong", "id": id_})


def done(ref: str, version: int) -> str:
    return encode({"type": "done", "ref": ref, "version": version})


def error(refused: Refused) -> str:
    frame = {
        "type": "error",
        "code": refused.code,
        "message": refused.message,
        "ref": refused.ref,
        "retry_after": refused.retry_after,
    }
    return encode(frame if refused.changed is None else frame | {"changed": refused.changed})


def bye(code: int, reason: str, retry_after: float | None = None) -> str:
    return encode({"type": "bye", "code": code, "reason": reason, "retry_after": retry_after})


def preferences(changed: str) -> str:
    """The user has changed what they want: `preferences`, `mutes`, `follows` or `reader`."""
    return encode({"type": "preferences", "changed": changed})


def figures(topic: str, data: Any) -> str:
    return encode({"type": "figures", "topic": topic, "data": data})
