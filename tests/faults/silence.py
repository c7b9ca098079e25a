"""A server that a test can have fall silent: its packets are dropped, and nothing is closed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Self

from tests.harness.server import ROOT, database_url


class Silence:
    """A way of its own, at `host` and `port`, to a server on `to`, a port of 127.0.0.1.

    What else reaches the server by its own address is not touched. See tests.faults.relay.
    """

    def __init__(self, to: int) -> None:
        self._command = [sys.executable, "-m", "tests.faults.relay", str(to)]

    def __enter__(self) -> Self:
        self._relay = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C at the tests is their end, and then its own
        )
        said = self._answer()
        self.host, self.port = str(said["host"]), int(said["port"])
        self._drops = bool(said["drops"])
        return self

    def __exit__(self, *exception: object) -> None:
        with self._relay:  # which closes its stdin, and waits
            pass

    @property
    def way(self) -> str:
        """For the note of a row: how it fell silent."""
        return "packets dropped" if self._drops else "flows frozen by a proxy, as without root"

    @property
    def redis_url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    @property
    def database_url(self) -> str:
        """As tests.harness.server has it, this way."""
        before, _, after = database_url().partition("@")
        return f"{before}@{self.host}:{self.port}/{after.partition('/')[2]}"

    def everything(self) -> None:
        """No packet passes any more, of what is open and of what is new."""
        self._tell("silence")

    def open_flows(self) -> int:
        """No packet of what is open now passes any more; returns how many flows that are."""
        return int(self._tell("silence open")["flows"])

    def heal(self) -> None:
        """All passes again; what is still open goes on."""
        self._tell("heal")

    def _tell(self, command: str) -> dict[str, Any]:
        assert self._relay.stdin is not None
        self._relay.stdin.write(f"{command}\n")
        self._relay.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._relay.stdout is not None
        line = self._relay.stdout.readline()
        assert line, "the relay has ended"
        return dict(json.loads(line))
