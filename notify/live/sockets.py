"""The open sockets of this process, by user, and how many there may be."""

from __future__ import annotations

from collections import Counter

from notify import conf, metrics
from notify.live.connection import Connection
from notify.protocol import Code


class Sockets:
    def __init__(self) -> None:
        # What the process can hold, as far as the server that it runs in knows; None: no limit.
        self.limit: int | None = None
        self.by_user: dict[str, tuple[Connection, ...]] = {}
        self._size = 0
        self._addresses: Counter[str] = Counter()  # number of sockets by client address

    def __len__(self) -> int:
        return self._size

    def all(self) -> list[Connection]:
        """Any thread may ask: the copy of the values is one step that no other thread sees half."""
        return [one for of_user in list(self.by_user.values()) for one in of_user]

    def of_user(self, user: str) -> tuple[Connection, ...]:
        return self.by_user.get(user, ())

    @property
    def users(self) -> list[str]:
        return list(self.by_user)

    def is_full(self, address: str) -> bool:
        """Whether this process has as many sockets as it may have, or as many from this address."""
        settings = conf.current()
        most = settings.sockets_per_process or self.limit
        most_of_address = settings.sockets_per_address
        return (most is not None and self._size >= most) or (
            most_of_address is not None and self._addresses[address] >= most_of_address
        )

    def add(self, connection: Connection) -> bool:
        """Adds a socket; closes an older one if its user has too many.

        Returns whether it is its user's first.
        """
        self._size += 1
        self._addresses[connection.address] += 1
        of_user = (*self.of_user(connection.user), connection)
        self.by_user[connection.user] = of_user
        _keep_to_limit(connection, [one for one in of_user if one.closing is None])
        return len(of_user) == 1

    def remove(self, connection: Connection) -> bool:
        """Returns whether it was its user's last."""
        self._size -= 1
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]
        of_user = self.of_user(connection.user)
        if connection not in of_user:
            return False
        remaining = tuple(one for one in of_user if one is not connection)
        if remaining:
            self.by_user[connection.user] = remaining
            return False
        del self.by_user[connection.user]
        return True

    def close(self, user: str, socket_id: str) -> bool:
        """Closes this socket of the user. Returns whether it is in this process."""
        for connection in self.of_user(user):
            if connection.id == socket_id:
                connection.close(Code.TOO_MANY_SOCKETS, "disconnected from another device")
                return True
        return False


def _keep_to_limit(newest: Connection, of_user: list[Connection]) -> None:
    if len(of_user) <= conf.current().sockets_per_user:
        return
    if newest.identity.by_token:  # an API token must not close its user's windows
        of_user = [one for one in of_user if one.identity.by_token]
    metrics.LIMITS.add("sockets_per_user")
    of_user[0].close(Code.TOO_MANY_SOCKETS, "too many sockets for this user")
