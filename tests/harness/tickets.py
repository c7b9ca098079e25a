"""Tickets as a handshake brings them."""

from __future__ import annotations

from typing import Any

from notify.access.authentication import Identity, identify


def handshake_with(ticket: str) -> dict[str, Any]:
    headers = [(b"authorization", f"Bearer {ticket}".encode())]
    return {"type": "websocket", "path": "/ws/notify/", "headers": headers}


def redeem(ticket: str) -> Identity | None:
    [identity] = identify([handshake_with(ticket)])
    return identity
