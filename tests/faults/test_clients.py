"""Clients that are slow, silent, loud, or talk nonsense; and bad networks."""

import asyncio
import contextlib
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

import notify
from notify.models import Inbox
from tests.faults.network import Network
from tests.faults.raw import BINARY, CONTINUATION, RawSocket, frame
from tests.faults.world import SERVER, World, contract
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.server import Server
from tests.harness.waiting import aeventually, deadline

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def redis_url() -> None:
    """One server, and all that is sent comes by the sweep or by its own hub."""
    return


async def cookie_of(world: World, user: int) -> str:
    return (await orm(world.cookies, [user]))[user]


async def round_trip(client: Client, n: int) -> float:
    began = time.monotonic()
    await client.send(type="ping", id=n)
    await client.frame(lambda one: one["type"] == "pong" and one["id"] == n)
    return time.monotonic() - began


async def round_trips(client: Client, going: Callable[[], bool]) -> list[float]:
    """Below the rate limit, so that it is the server that is measured."""
    took: list[float] = []
    while going():
        took.append(await round_trip(client, len(took) + 1))
        await asyncio.sleep(0.07)
    return sorted(took)


def p99(took: list[float]) -> float:
    return took[min(len(took) - 1, int(len(took) * 0.99))]


# Slow readers


@pytest.mark.parametrize(
    "talks",
    [
        pytest.param(False, id="silent"),
        pytest.param(True, id="keeps talking", marks=pytest.mark.quick_faults),
    ],
)
@pytest.mark.fault(16, "A slow reader")
async def test_a_client_that_does_not_read_is_closed_and_costs_no_memory(
    world: World, talks: bool
) -> None:
    await world.people(2)
    await world.serve(
        1, NOTIFY_PING_TIMEOUT="3", NOTIFY_PING_INTERVAL="5", NOTIFY_SWEEP_INTERVAL="0.5"
    )
    [server] = world.servers
    user, other = world.users
    await world.follow(1, users=[other])

    def send_much(*numbers: int) -> None:
        for n in range(*numbers):
            notify.send(to=user, title=f"{n}", body="x" * 4000, data={"x": "y" * 4000})

    await orm(send_much, 20)
    cookie = await cookie_of(world, user)
    before = await world.megabytes(server)
    grew = 0.0
    with await asyncio.to_thread(RawSocket, server, cookie, receive_buffer=4096) as raw:
        sending = asyncio.create_task(orm(send_much, 20, 620))

        async def closed() -> bool:
            nonlocal grew
            grew = max(grew, await world.megabytes(server) - before)
            if talks:
                raw.closed_by_now()
            await asyncio.sleep(0.1)
            return bool((await world.figures(server))["closes"].get("4508", 0) == 1)

        try:
            await aeventually(closed, 60, what="4508")
        finally:
            await sending
        await aeventually(lambda: gone(world, server), 30, what="the socket being gone")
    world.outcome.note = f"grew {max(0.0, grew):.1f} MB"
    assert grew < 5
    assert world.closed == 0
    await world.judge()


async def gone(world: World, server: Server) -> bool:
    return bool((await world.figures(server))["sockets"] == len(world.followers))


# Floods


@pytest.mark.parametrize(
    ("megabytes", "seconds"), [pytest.param(100, 5, marks=pytest.mark.quick_faults), (300, 20)]
)
@pytest.mark.fault(17, "Inbound flood")
async def test_a_flood_is_cut_off_and_nobody_else_waits(
    world: World, megabytes: int, seconds: float
) -> None:
    await world.people(2)
    await world.serve(1)
    [server] = world.servers
    loud, calm = world.users
    [follower] = await world.follow(1, users=[calm])
    cookie = await cookie_of(world, loud)
    text = json.dumps({"type": "ping", "id": 1, "x": "x" * 16_000}).encode()
    flood = frame(text) * 64
    goal, end = megabytes * 2**20, time.monotonic() + deadline(seconds)
    sent, cuts = 0, 0

    def pour() -> None:
        nonlocal sent, cuts
        while sent < goal and time.monotonic() < end:
            try:
                with RawSocket(server, cookie, timeout=5) as raw:
                    while sent < goal:
                        raw.send(flood)
                        sent += len(flood)
                    raw.until_closed()
                    cuts += 1
            except OSError:
                cuts += 1

    before = await world.megabytes(server)
    pouring = threading.Thread(target=pour)
    pouring.start()
    grew = 0.0
    measuring = asyncio.create_task(round_trips(follower, pouring.is_alive))
    while pouring.is_alive():
        grew = max(grew, await world.megabytes(server) - before)
        await asyncio.sleep(0.2)
    took = await measuring
    world.outcome.note = (
        f"{sent / 2**20:.0f} MB in {cuts} sockets that were cut; grew {max(0.0, grew):.1f} MB;"
        f" the others' p99 {p99(took) * 1000:.0f} ms"
    )
    assert cuts > 0
    assert grew < 20
    assert p99(took) < contract(0.1)
    assert world.closed == 0
    await world.judge()


# Nonsense


def nonsense(rng: random.Random) -> bytes:
    """One or more raw frames that no client of ours would send."""
    deep = b'{"type":"ping","id":1,"x":' + b"[" * 200 + b"]" * 200 + b"}"
    word = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 60)))
    kinds: list[Callable[[], bytes]] = [
        lambda: frame(word),
        lambda: frame(word.hex().encode()),
        lambda: frame(word, BINARY),
        lambda: frame(b"[" * rng.randrange(1, 16_000)),
        lambda: frame(deep),
        lambda: frame(b'{"type":"ping","id":NaN}'),
        lambda: frame(b'{"type":"ping","id":' + b"9" * rng.randrange(1, 9000) + b"}"),
        lambda: frame(b'{"type":"%s"}' % rng.choice([b"pong", b"sync", b"mark", b"watch"])),
        lambda: frame(b'{"type":"mark","ref":"r","as":"read","ids":["%s",{}]}' % b"1"),
        lambda: frame(b'{"type":"dance","x":"%s"}' % (b"y" * rng.randrange(1, 3000))),
        lambda: frame(b"x" * 65 * 1024),
        lambda: frame(b"\xff\xfe" + word),
        lambda: frame(b'{"type":', fin=False) + frame(b'"ping"}', CONTINUATION),
        lambda: frame(word, CONTINUATION),
        lambda: frame(b"{}", reserved=rng.randrange(1, 8)),
        lambda: frame(b"{}", rng.choice([3, 7, 11, 15])),
        lambda: b"\x81\x05hello",  # not masked
        lambda: b'{"type":"ping","id":1}',
        lambda: word,
    ]
    return rng.choice(kinds)()


# 1000: the bytes were by chance a close frame without a code, which is answered (RFC 6455, 5.5.1).
ALLOWED_ENDS = {
    "cut off", "waits for more", "1000", "1002", "1003", "1007", "1009", "4400", "4529"
}  # fmt: skip


@pytest.mark.parametrize("count", [pytest.param(200, marks=pytest.mark.quick_faults), 10_000])
@pytest.mark.fault(19, "Malformed frames, seeded, each on a socket of its own")
async def test_nonsense_never_is_an_internal_error(world: World, count: int) -> None:
    await world.people(1)
    # Daphne refuses what it could not accept in 5 s, which is no matter of frames.
    patient = [] if SERVER == "uvicorn" else ["--websocket_connect_timeout", "60"]
    await world.serve(1, arguments=patient, NOTIFY_SOCKETS_PER_USER="100")
    [server] = world.servers
    cookie = await cookie_of(world, world.users[0])
    rng = random.Random(world.seed)  # noqa: S311
    frames = [nonsense(rng) for _ in range(count)]

    def say(strange: bytes) -> str:
        with RawSocket(server, cookie, timeout=deadline(20)) as raw:
            with contextlib.suppress(ConnectionError):
                raw.send(strange)
                raw.send(frame(b"no JSON"))  # the last word, if it is still open
            raw.timeout = contract(1)
            try:
                code = raw.until_closed()
            except TimeoutError:
                return "waits for more"  # the strange frame says that it is a long one
            return "cut off" if code is None else str(code)

    codes: Counter[str] = Counter()
    with ThreadPoolExecutor(20) as pool:
        for lot in (frames[: count // 2], frames[count // 2 :]):
            codes += Counter(await asyncio.to_thread(lambda lot=lot: list(pool.map(say, lot))))
            if lot[0] is frames[0] and count > 1000:
                await world.note_resources()
    assert set(codes) <= ALLOWED_ENDS, codes
    assert codes["waits for more"] < count / 20
    figures = await world.figures(server)
    assert figures["closes"].get("4500", 0) == 0
    of_uvicorn = server.log.count("ERROR:    Invalid UTF-8 sequence received")  # each with one
    assert server.log.count("Traceback") == of_uvicorn
    assert "Unhandled" not in server.log
    shown = ", ".join(f"{code}: {times:,}" for code, times in codes.most_common())
    world.outcome.note = f"{count:,} frames; {shown}"
    await world.judge_servers()


def strange_request(rng: random.Random) -> bytes:
    """Bytes that begin like a request of HTTP/1.1, or do not."""
    word = bytes(rng.randrange(1, 256) for _ in range(rng.randrange(1, 60)))
    path = rng.choice([b"/", b"/api/notify/inbox/", b"/api/notify/notices/", b"/accounts/login/"])
    host = b"Host: 127.0.0.1\r\n"
    json_ = b"Content-Type: application/json\r\n"
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    heads: list[Callable[[], bytes]] = [
        lambda: word + b"\r\n\r\n",
        lambda: b"GET %s HTTP/9.9\r\n%s\r\n" % (path, host),
        lambda: b"%s %s HTTP/1.1\r\n%s\r\n" % (word.hex().encode(), path, host),
        lambda: b"GET %s%s HTTP/1.1\r\n%s\r\n" % (path, word.replace(b"\n", b""), host),
        lambda: b"GET %s?q=%%ff%%00&before=%s HTTP/1.1\r\n%s\r\n" % (path, b"9" * 400, host),
        lambda: b"GET /%2e%2e/%2e%2e/etc/passwd%00 HTTP/1.1\r\n" + host + b"\r\n",
        lambda: b"GET %s HTTP/1.1\r\nHost: %s\r\n\r\n" % (path, word.hex().encode() * 9),
        lambda: b"GET %s HTTP/1.1\r\n%s\r\n\r\n" % (path, b"no colon"),
        lambda: b"GET %s HTTP/1.1\r\n%sX: %s\r\n\r\n" % (path, host, b"y" * 20_000),
        lambda: b"GET %s HTTP/1.1\r\n%sCookie: %s\r\n\r\n" % (path, host, word.hex().encode()),
        lambda: b"POST %s HTTP/1.1\r\n%sContent-Length: -5\r\n\r\n" % (path, host),
        lambda: (
            b"POST %s HTTP/1.1\r\n%sContent-Length: 9\r\nContent-Length: 2\r\n\r\n{}" % (path, host)
        ),
        lambda: b"POST %s HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\nzz\r\n" % (path, host),
        lambda: (
            b"POST %s HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s"
            % (path, host, json_, len(word), word)
        ),
        lambda: (
            b"POST %s HTTP/1.1\r\n%s%sContent-Length: 3000\r\n\r\n%s"
            % (path, host, json_, b"[" * 3000)
        ),
        lambda: b"GET /ws/notify/ HTTP/1.1\r\n%s%s\r\n" % (host, upgrade),
        lambda: (
            b"GET /ws/notify/ HTTP/1.1\r\n%s%sSec-WebSocket-Key: %s\r\n\r\n"
            % (host, upgrade, word.hex().encode())
        ),
        lambda: (
            b"GET /ws/elsewhere/ HTTP/1.1\r\n%s%sSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % (host, upgrade)
        ),
    ]
    return rng.choice(heads)()


@pytest.mark.parametrize("count", [pytest.param(100, marks=pytest.mark.quick_faults), 1000])
@pytest.mark.fault(19, "Malformed HTTP requests, seeded")
async def test_a_malformed_request_never_is_an_internal_error(world: World, count: int) -> None:
    await world.serve(1)
    [server] = world.servers
    rng = random.Random(world.seed)  # noqa: S311
    requests = [strange_request(rng) for _ in range(count)]

    def ask(request: bytes) -> str:
        """The status that it is answered with; nothing where it is waited for more, or cut off."""
        with socket.create_connection(("127.0.0.1", server.port), timeout=0.3) as raw:
            try:
                raw.sendall(request)
                answer = raw.recv(100)
            except OSError:
                return ""
        return answer.partition(b"\r\n")[0].decode("ascii", "replace")

    with ThreadPoolExecutor(8) as pool:
        answers = await asyncio.to_thread(lambda: list(pool.map(ask, requests)))
    statuses = Counter(answer.split(" ")[1] for answer in answers if answer)
    assert not [status for status in statuses if not "200" <= status < "500"], statuses
    assert "Traceback" not in server.log
    assert "Unhandled" not in server.log
    shown = ", ".join(f"{status}: {times}" for status, times in sorted(statuses.items()))
    world.outcome.note = f"{count:,} requests; {shown}; no answer: {answers.count('')}"
    await world.judge_servers()


# The database


@pytest.mark.quick_faults
@pytest.mark.fault(22, "One user's 4 s query")
async def test_one_users_slow_database_work_delays_nobody_else(world: World) -> None:
    await world.people(2)
    await world.serve(1)
    slow, other = world.users
    await orm(lambda: notify.send(to=world.users, title="one"))
    slow_ones = await world.follow(6, users=[slow])
    [follower] = await world.follow(1, users=[other])
    locked, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Inbox.objects.select_for_update().filter(pk=slow))
            locked.set()
            enough.wait(4)

    holding = asyncio.create_task(orm(hold))
    await asyncio.to_thread(locked.wait, 10)
    [notice] = slow_ones[0].rows
    marking = [asyncio.create_task(one.mark("read", notice)) for one in slow_ones]
    began = time.monotonic()
    took = await round_trips(follower, lambda: time.monotonic() < began + 3)
    began = time.monotonic()
    done = await follower.mark("read", notice)
    mark_took = time.monotonic() - began
    enough.set()
    await holding
    answers = await asyncio.gather(*marking)
    world.outcome.note = (
        f"the others' p99 {p99(took) * 1000:.0f} ms; a mark of theirs {mark_took * 1000:.0f} ms"
    )
    assert done["type"] == "done"
    assert p99(took) < contract(0.1)
    assert mark_took < contract(0.5)
    # Whoever waited for two seconds is told to try again; the others had their turn after that.
    assert {one.get("code") for one in answers if one["type"] != "done"} == {"unavailable"}
    again = [await one.mark("read", notice) for one in slow_ones]
    assert {answer["type"] for answer in again} == {"done"}
    await world.judge(only_arrivals=False)


# Bad networks


@pytest.mark.fault(26, "300 ms latency, and resets at random bytes")
async def test_a_slow_network_that_resets_at_any_byte_loses_and_doubles_nothing(
    world: World,
) -> None:
    await world.people(30)
    await world.serve(1)
    [server] = world.servers
    async with Network(server.port, world.rng, latency=0.3, cut_after=(300, 6_000)) as network:
        await world.follow(60, ways=[(network.socket_url, network.url)], haste=0.3)
        await world.send(rate=30)
        await aeventually(lambda: network.cuts >= 100, 120, what="cuts")
        network.cut_after = None
        await world.stop_senders()
        await asyncio.sleep(1)
        world.outcome.note = f"{network.cuts} resets"
        network.reset_all()
        await world.judge(30)
