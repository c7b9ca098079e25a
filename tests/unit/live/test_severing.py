"""What happens to the pools of connections that are shut down."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import Any

from notify.live import severing


@dataclass
class Pool:
    drained: int = 0

    def drain(self) -> None:
        self.drained += 1


@dataclass
class Database:
    connection: Any
    pool: Pool = field(default_factory=Pool)


def cut_off(database: Any) -> bool:
    return severing.cut_off([database])


def test_a_pool_is_renewed_if_one_of_its_connections_hung() -> None:
    ours, other = socket.socketpair()
    with ours, other:
        database = Database(ours)
        assert cut_off(database)
        assert database.pool.drained == 1
        assert other.recv(1) == b""


def test_a_pool_that_a_thread_waits_for_is_not_renewed() -> None:
    database = Database(None)
    assert not cut_off(database)
    assert database.pool.drained == 0
