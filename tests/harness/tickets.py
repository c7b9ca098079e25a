"""Tickets as a handshake brings them."""

from __future__ import annotations

from notify.live.authentication import Identity, identify


def redeem(ticket: str) -> Identity | None:
    headers = [(b"authorization", f"Bearer {ticket}".encode())]
    [identity] = identify([{"type": "websocket", "path": "/ws/notify/", "headers": headers}])
    return identity
