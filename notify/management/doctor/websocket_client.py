"""A minimal WebSocket client of the notify protocol."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from notify.management.doctor.findings import Problem
from notify.management.doctor.target import TIMEOUT_S, Target
from notify.protocol import SUBPROTOCOL, Code


async def open_websocket(target: Target, origin: str) -> ClientConnection:
    """A socket opened as by a page of `origin`. Raises what `websockets.connect` raises."""
    return await connect(
        f"{'wss' if target.is_secure else 'ws'}://{target.host}{target.socket_path}",
        origin=Origin(origin),
        additional_headers={"Cookie": target.cookie},
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        compression=None,
        ping_interval=None,
        open_timeout=TIMEOUT_S,
        close_timeout=2,
        ssl=target.context,
        proxy=None,
    )


class WebSocketClient:
    """Sends and receives frames, and answers pings as every client must."""

    def __init__(self, runner: asyncio.Runner, connection: ClientConnection) -> None:
        self._runner = runner
        self._connection = connection
        self.epoch: str | None = None
        self.version = 0
        self.notification_ids: set[int] = set()
        self.pings = 0

    def send(self, **frame: Any) -> None:
        self._runner.run(self._connection.send(json.dumps(frame)))

    def close(self) -> None:
        self._runner.run(self._connection.close())

    def receive(self, deadline: float) -> dict[str, Any]:
        """The next frame.

        Args:
            deadline: on the clock of `time.monotonic`.

        Raises:
            TimeoutError: there was none before the deadline.
            Problem: the server closes the socket.
        """
        remaining = max(0.0, deadline - time.monotonic())
        text = self._runner.run(asyncio.wait_for(self._connection.recv(), remaining))
        frame: dict[str, Any] = json.loads(text)
        if frame["type"] == "bye":
            raise Problem(_bye_text(frame))
        if frame["type"] == "ping":
            self.pings += 1
            self.send(type="pong", id=frame["id"], epoch=self.epoch, version=self.version)
        elif frame["type"] == "inbox":
            self.epoch, self.version = frame["epoch"], frame["to"]
            self.notification_ids |= {row["id"] for row in frame["notifications"]}
        return frame

    def wait_for(self, type_: str) -> dict[str, Any]:
        """The next frame of this type. Raises what `receive` does."""
        deadline = time.monotonic() + TIMEOUT_S
        while (frame := self.receive(deadline))["type"] != type_:
            pass
        return frame


def _bye_text(frame: dict[str, Any]) -> str:
    text = f"the server closed the socket with {frame['code']}, {frame['reason']}"
    if frame["code"] == Code.NOT_SIGNED_IN:
        text += ". Give this command and the server the same database and the same SECRET_KEY"
    return text
