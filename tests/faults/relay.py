"""The process behind tests.faults.silence: a way to a server whose packets can be dropped.

    python -m tests.faults.relay 6379

It listens in a network namespace of its own, behind a veth pair, and forwards to that port of
127.0.0.1. Only real dropping has a kernel miss its acknowledgements, so that TCP's own timeouts
run; a proxy that merely stops forwarding goes on acknowledging. Where a namespace cannot be had
(it takes root, `ip` and `nft`), that is what is done. Commands come line by line on stdin; the
namespace, its interfaces and rules go with the process, which ends with its stdin.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import ipaddress
import json
import os
import socket
import subprocess
import sys

CLONE_NEWNET = 0x40000000  # os.unshare and os.setns come with Python 3.12
_libc = ctypes.CDLL(None, use_errno=True)
# For measurements between networks (RFC 2544), so nobody's real one.
_NETWORK = ipaddress.ip_network("198.18.0.0/15")


class Wire:
    """A namespace that is reached through a veth pair. Made by the process, and gone with it."""

    def __init__(self) -> None:
        home = _namespace()
        name = f"silent{os.getpid()}"
        own = os.getpid() * 4 % _NETWORK.num_addresses
        self.near, self.far = (str(_NETWORK[own + n]) for n in (1, 2))
        _enter(_libc.unshare(CLONE_NEWNET))
        try:
            _run(
                "ip", "link", "add", "far", "type", "veth", "peer", name, "netns", str(os.getppid())
            )
            _run("ip", "address", "add", f"{self.far}/30", "dev", "far")
            _run("ip", "link", "set", "far", "up")
            self._rules("flush ruleset")  # else a missing nft shows in the middle of a test
            self.listener = socket.create_server((self.far, 0), backlog=200)
            self._inside = _namespace()
        finally:
            _enter(_libc.setns(home, CLONE_NEWNET))
        _run("ip", "address", "add", f"{self.near}/30", "dev", name)
        _run("ip", "link", "set", name, "up")

    def drop(self, ports: list[int] | None) -> None:
        """From now on nothing of the flows from these ports passes, or, with None, nothing."""
        policy = "accept" if ports is not None else "drop"
        listed = ", ".join(map(str, ports or []))
        table = ["table inet silence {"]
        for hook, port in (("input", "sport"), ("output", "dport")):
            table.append(f"chain {hook} {{")
            table.append(f"type filter hook {hook} priority 0; policy {policy};")
            table += [f"tcp {port} {{ {listed} }} drop"] if ports else []
            table.append("}")
        self._rules("\n".join(["flush ruleset", *table, "}"]))

    def heal(self) -> None:
        self._rules("flush ruleset")

    def _rules(self, text: str) -> None:
        inside = getattr(self, "_inside", None)
        enter = [] if inside is None else ["nsenter", f"--net=/proc/{os.getpid()}/fd/{inside}"]
        _run(*enter, "nft", "-f", "-", given=text)


def _namespace() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _enter(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), "no network namespace")


def _run(*command: str, given: str = "") -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    subprocess.run(command, input=given, text=True, check=True, env=os.environ | {"PATH": path})


class Relay:
    def __init__(self, port: int) -> None:
        self._to = port
        self._flows: dict[int, asyncio.Event] = {}  # by the client's port; set: it passes
        self._all_stopped = False
        try:
            self.wire: Wire | None = Wire()
            self.listener = self.wire.listener
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"Flows are frozen, not dropped: {error}", file=sys.stderr)  # noqa: T201
            self.wire = None
            self.listener = socket.create_server(("127.0.0.1", 0))

    async def run(self) -> None:
        await asyncio.start_server(self._forward, sock=self.listener)
        host, port = self.listener.getsockname()
        _say({"host": host, "port": port, "drops": self.wire is not None})
        commands = {
            "silence": self._silence,
            "silence open": self._silence_open,
            "heal": self._heal,
        }
        while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
            commands[line]()
            _say({"flows": len(self._flows)})

    def _silence(self) -> None:
        if self.wire is not None:
            self.wire.drop(None)
        else:
            self._all_stopped = True
            self._stop_flows()

    def _silence_open(self) -> None:
        if self.wire is not None:
            self.wire.drop(list(self._flows))
        else:
            self._stop_flows()

    def _stop_flows(self) -> None:
        for passes in self._flows.values():
            passes.clear()

    def _heal(self) -> None:
        self._all_stopped = False
        for passes in self._flows.values():
            passes.set()
        if self.wire is not None:
            self.wire.heal()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = writer.get_extra_info("peername")[1]
        passes = self._flows[port] = asyncio.Event()
        if not self._all_stopped:
            passes.set()
        with contextlib.suppress(OSError, asyncio.CancelledError):  # cancelled: it ends
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
            both = [
                asyncio.create_task(self._pump(reader, far_writer, passes)),
                asyncio.create_task(self._pump(far_reader, writer, passes)),
            ]
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            for task in both:
                task.cancel()
            far_writer.close()
        writer.close()
        del self._flows[port]

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await passes.wait()
                writer.write(data)
                await writer.drain()


def _say(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(Relay(int(sys.argv[1])).run())
