"""How big a question is asked: in full, or as a first idea."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.contenders import Contender


@dataclass(frozen=True)
class Scale:
    runs: int
    sockets: tuple[int, ...]  # of a broadcast
    deliveries: int  # of notices that are sent one at a time
    burst: int  # notices that are sent at once
    all_peers: bool
    samples: int  # of a latency, in each run
    idle_sockets: int  # many of them
    idle_s: float
    connects: int
    reconnects: int  # at once
    recipients: int  # of a big notice; ten times as many once
    connected: int  # of them
    inbox: int  # notifications in a big inbox
    table: int  # notifications in all, on PostgreSQL
    marked: int  # at once
    rows: int  # on a page
    different: int  # notices that one call sends


FULL = Scale(
    runs=5,
    sockets=(1000, 8000),
    deliveries=96_000,
    burst=50,
    all_peers=True,
    samples=1000,
    idle_sockets=10_000,
    idle_s=40,
    connects=1000,
    reconnects=5000,
    recipients=100_000,
    connected=5000,
    inbox=1_000_000,
    table=10_000_000,
    marked=100_000,
    rows=1_000,
    different=5_000,
)
QUICK = Scale(
    runs=1,
    sockets=(200,),
    deliveries=3_000,
    burst=50,
    all_peers=False,
    samples=50,
    idle_sockets=300,
    idle_s=5,
    connects=100,
    reconnects=200,
    recipients=5_000,
    connected=250,
    inbox=50_000,
    table=100_000,
    marked=20_000,
    rows=200,
    different=500,
)


def alternating(scale: Scale, *contenders: Contender) -> list[Contender]:
    """Forth and back, so that none always follows the same, and neighbours stay neighbours."""
    turns: list[Contender] = []
    for n in range(scale.runs):
        turns += reversed(contenders) if n % 2 else contenders
    return turns
