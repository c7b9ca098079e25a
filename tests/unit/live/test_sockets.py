"""The table of open sockets, and its limits."""

from typing import Any

from notify import metrics
from notify.access.authentication import Identity
from notify.live.sockets import Sockets
from tests.unit.live.fakes import Wire, open_connection


async def test_it_says_which_socket_is_its_users_first_and_which_its_last() -> None:
    sockets = Sockets()
    one, two = open_connection(Wire(), user="1"), open_connection(Wire(), user="1")
    assert [sockets.add(one), sockets.add(two)] == [True, False]
    assert (sockets.users, len(sockets), sockets.of_user("1")) == (["1"], 2, (one, two))
    assert [sockets.remove(two), sockets.remove(one)] == [False, True]
    assert (sockets.users, len(sockets), sockets.all()) == ([], 0, [])


async def test_a_user_with_too_many_loses_the_oldest(settings: Any) -> None:
    settings.NOTIFY_SOCKETS_PER_USER = 2
    sockets = Sockets()
    opened = [open_connection(Wire(), user="1") for _ in range(3)]
    hit_before = metrics.LIMITS.values["sockets_per_user"]
    for one in opened:
        sockets.add(one)
    assert [one.closing is not None for one in opened] == [True, False, False]
    assert metrics.LIMITS.values["sockets_per_user"] == hit_before + 1


async def test_an_api_token_closes_none_of_its_users_windows(settings: Any) -> None:
    settings.NOTIFY_SOCKETS_PER_USER = 2
    sockets = Sockets()
    opened = [open_connection(Wire(), user="1") for _ in range(3)]
    opened[-1].identity = Identity("1", token_id=7)
    for one in opened:
        sockets.add(one)
    assert [one.closing is not None for one in opened] == [False, False, True]


async def test_it_is_full_at_the_limit_of_the_server_or_of_the_address(settings: Any) -> None:
    settings.NOTIFY_SOCKETS_PER_ADDRESS = 2
    sockets = Sockets()
    for _ in range(2):
        one = open_connection(Wire())
        one.address = "192.0.2.1"
        sockets.add(one)
    assert [sockets.is_full(address) for address in ("192.0.2.1", "192.0.2.2")] == [True, False]
    sockets.limit = 2
    assert sockets.is_full("192.0.2.2")


async def test_a_socket_is_closed_by_its_own_user_only() -> None:
    sockets = Sockets()
    one = open_connection(Wire(), user="1")
    sockets.add(one)
    assert not sockets.close("2", one.id)
    assert one.closing is None
    assert sockets.close("1", one.id)
    assert one.closing is not None


async def test_sockets_may_come_while_a_thread_reads_them() -> None:
    sockets = Sockets()

    class Opening(tuple[Any, ...]):
        def __iter__(self) -> Any:
            sockets.by_user.setdefault("new", ())
            return super().__iter__()

    one = open_connection(Wire(), user="1")
    sockets.by_user = {"1": Opening([one]), "2": ()}
    assert sockets.all() == [one]
