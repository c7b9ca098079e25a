"""The figures and the health of a server process that has sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from websockets.exceptions import InvalidStatus

import notify
from notify import sending
from notify.metrics import counters
from notify.metrics.figures import OF_DATABASE, OF_OUTBOX, OF_PROCESS
from notify.models import Notice
from tests.conftest import StartServer
from tests.harness import monitoring
from tests.harness.database import orm
from tests.harness.redis import RedisServer
from tests.harness.server import ROOT, SERVE, Server, environment
from tests.harness.waiting import aeventually, deadline
from tests.integration.conftest import client_of, shows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

TOKEN = "the token of the metrics"
SERVE_FAILING = (*SERVE, "tests.integration.failing_asgi:application")


@pytest.fixture
def server(start_server: StartServer) -> Server:
    return start_server(
        command=SERVE,
        NOTIFY_METRICS_TOKEN=TOKEN,
        NOTIFY_SWEEP_INTERVAL="0.2",
        NOTIFY_PING_INTERVAL="0.2",
    )


def figures(server: Server) -> dict[str, float]:
    request = urllib.request.Request(  # noqa: S310  a URL of ours
        f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}
    )
    with urllib.request.urlopen(request, timeout=deadline(10)) as answer:  # noqa: S310
        lines = answer.read().decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


async def until(server: Server, condition: Callable[[dict[str, float]], object]) -> None:
    async def holds() -> bool:
        return bool(condition(await asyncio.to_thread(figures, server)))

    await aeventually(holds)


async def test_a_socket_its_notice_and_its_end_are_counted(server: Server, ada: User) -> None:
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        now = await asyncio.to_thread(figures, server)
        assert now["notify_sockets"] == now["notify_users"] == 1
        assert now["notify_sockets_opened_total"] == 1
        assert now['notify_deliveries_total{way="connect"}'] == 1
        assert now["notify_layer_up"] == 1
        # Of another process, on a layer in memory: it comes by the sweep.
        await orm(notify.send, to=ada, title="Hello")
        await client.until(shows(client, "Hello"))
        await until(server, lambda now: now.get('notify_deliveries_total{way="sweep"}') == 1)
        # By this process: pushed, and acknowledged by the next pong.
        await client.mark("read", client.shown[0]["id"])
        await until(server, lambda now: now.get('notify_deliveries_total{way="process"}') == 1)
        await until(server, lambda now: now["notify_write_delay_seconds_count"] == 1)
        await until(server, lambda now: now["notify_acknowledge_delay_seconds_count"] == 1)
        await until(server, lambda now: now["notify_latency_seconds_count"] >= 1)
        await client.send(type="no such type")
        await client.frame("error")
        await until(server, lambda now: now['notify_frames_refused_total{code="unknown_type"}'])
        now = await asyncio.to_thread(figures, server)
        assert now['notify_gaps_healed_total{by="sweep"}'] == 1
        assert now["notify_write_delay_seconds_sum"] < deadline(1)
        assert now["process_open_fds"] > 0
        await client.close(4999)
    await until(server, lambda now: now['notify_sockets_closed_total{code="other"}'] == 1)
    await until(server, lambda now: now["notify_sockets"] == 0)


async def test_refusals_and_closes_are_counted_by_their_reason(server: Server, ada: User) -> None:
    stranger = await orm(client_of, server, ada)
    stranger.origin = "https://evil.example"
    with pytest.raises(InvalidStatus):
        await stranger.connect()
    unknown = await orm(client_of, server, ada)
    unknown.cookie = None
    async with unknown:
        assert await unknown.closed() == 4401
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        await client.send_raw("no JSON")
        assert await client.closed() == 4400
    await until(server, lambda now: now['notify_sockets_closed_total{code="4400"}'] == 1)
    now = await asyncio.to_thread(figures, server)
    assert now['notify_handshakes_refused_total{reason="origin"}'] == 1
    assert now['notify_sockets_closed_total{code="4401"}'] == 1


MOVING = {  # between two readings
    "notify_uptime_seconds": 30.0,
    "notify_database_latency_seconds": 10.0,
    "notify_layer_latency_seconds": 10.0,
    "notify_sweep_lag_seconds": 30.0,
    "notify_batches_due_age_seconds": 30.0,
    "process_resident_memory_bytes": 64.0 * 1024 * 1024,
}


async def test_the_page_says_what_metrics_and_the_database_say(
    start_server: StartServer, ada: User, bob: User, make_user: Callable[..., User]
) -> None:
    server = start_server(
        command=SERVE,
        NOTIFY_METRICS_TOKEN=TOKEN,
        NOTIFY_SWEEP_INTERVAL="0.2",
        NOTIFY_SERVER_WORKERS="0",
    )
    root = await orm(make_user, "root", is_superuser=True)
    waiting = await orm(owed, [ada, bob])
    await orm(sending.pause, await orm(owed, [ada]))
    async with (
        await orm(client_of, server, root) as watcher,
        await orm(client_of, server, ada) as client,
    ):
        await client.frame("inbox")
        await watcher.send(type="watch", topic="operations")

        def told() -> Any:
            frames = client_figures(watcher)
            return frames[-1] if frames and frames[-1]["database"] else None

        await watcher.until(lambda: told() and len(told()["by_process"][0]["figures"]) > 12)
        data, now = told(), await asyncio.to_thread(figures, server)
        [process] = data["by_process"]
        assert set(process["figures"]) == {figure.name for figure in OF_PROCESS}
        assert set(data["database"]) == {figure.name for figure in OF_DATABASE}
        for name, value in {**process["figures"], **data["database"]}.items():
            assert now[name] == pytest.approx(value, abs=MOVING.get(name, 0)), name
        assert data["database"]["notify_batches_due"] == 1
        assert data["database"]["notify_notices_paused"] == 1
        assert process["figures"]["notify_users"] == data["users"] == 2
        listed = data["open_notices"][0]
        assert (listed["id"], listed["people"]) == (waiting.pk, 2)


def client_figures(client: Any) -> list[Any]:
    return [one["data"] for one in client.of_type("figures")]


def owed(users: list[User]) -> Notice:
    """A notice whose batch is due, as nobody carries it out."""
    later = timezone.now() + timedelta(hours=1)
    notice = notify.send(to=users, title="Hello", send_at=later)
    notice.batch_set.update(due=timezone.now() - timedelta(minutes=5))
    return notice


async def test_every_metric_of_the_alerts_and_the_dashboard_is_there(
    server: Server, ada: User
) -> None:
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        await until(server, lambda now: "notify_database_latency_seconds" in now)
        await until(server, lambda now: "notify_layer_latency_seconds" in now)
        there = {name.partition("{")[0] for name in await asyncio.to_thread(figures, server)}
    # Counters by a label are there once they have counted.
    there |= {f"{counter.name}_total" for counter in counters}
    there |= {figure.name for figure in OF_OUTBOX}  # where a kind declares a channel
    for file in (monitoring.ALERTS, monitoring.DASHBOARD):
        expressions = " ".join(re.findall('"?expr"?: (.*)', file.read_text()))
        named = set(re.findall(r"\b(?:notify|process)_[a-z_]+", expressions))
        assert len(named) > 10
        assert named <= there, file


async def test_open_close_refusal_and_limit_are_a_log_line_each(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(
        command=SERVE, NOTIFY_FRAMES_BURST="5", NOTIFY_FRAMES_PER_SECOND="1",
        NOTIFY_SOCKETS_PER_PROCESS="1",
    )  # fmt: skip
    stranger = await orm(client_of, server, ada)
    stranger.origin = "https://evil.example"
    with pytest.raises(InvalidStatus):
        await stranger.connect()
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        async with await orm(client_of, server, ada) as second:
            assert await second.closed() == 4507
        for n in range(12):
            await client.send(type="ping", id=n)
        assert await client.closed() == 4529
    await aeventually(lambda: "code=4529" in server.log)
    for line in (
        r"refused why=origin address=127.0.0.1 origin=\"https://evil.example\"",
        rf"opened id=[0-9a-f]+ user={ada.pk} address=127.0.0.1 by=session",
        r"limit what=sockets address=127.0.0.1 sockets=1",
        r"closed code=4507 ",
        rf"limit what=frames id=[0-9a-f]+ user={ada.pk}",
        rf'closed id=[0-9a-f]+ user={ada.pk} code=4529 reason="too many frames" seconds=',
    ):
        assert len(re.findall(f"INFO notify.sockets {line}", server.log)) == 1, line


async def test_readyz_says_degraded_while_redis_is_away_and_stays_200(
    start_server: StartServer, own_redis: RedisServer
) -> None:
    server = start_server(command=SERVE, REDIS_URL=own_redis.url, NOTIFY_SWEEP_INTERVAL="0.2")

    def told() -> tuple[int, str]:
        with urllib.request.urlopen(f"{server.url}/readyz") as answer:  # noqa: S310
            return answer.status, json.load(answer)["layer"]

    assert await asyncio.to_thread(told) == (200, "ok")
    own_redis.kill()

    async def degraded() -> bool:
        return await asyncio.to_thread(told) == (200, "degraded")

    await aeventually(degraded)


async def test_readyz_is_503_while_the_process_drains(start_server: StartServer) -> None:
    server = start_server(command=SERVE_FAILING)
    asked = http.client.HTTPConnection("127.0.0.1", server.port)
    asked.request("GET", "/readyz")
    first = asked.getresponse()
    assert json.load(first)["process"] == "ok"
    slow = asyncio.create_task(asyncio.to_thread(urllib.request.urlopen, f"{server.url}/slow/"))
    await aeventually(lambda: "slow begins" in server.log)
    ending = asyncio.create_task(asyncio.to_thread(server.terminate, deadline(30)))
    await aeventually(lambda: "Draining" in server.log)
    # On the connection that a load balancer keeps, as the port is closed.
    asked.request("GET", "/readyz")
    answer = asked.getresponse()
    assert answer.status == 503
    assert json.load(answer)["process"] == "draining"
    asked.close()
    (await slow).close()
    assert await ending == 0


def test_nothing_but_the_page_needs_prometheus_client() -> None:
    hidden = (
        "import sys; sys.modules['prometheus_client'] = None; import django; django.setup();"
        "import config.asgi; from notify.web.probes.metrics import prometheus_client as found;"
        "print(found)"
    )
    done = subprocess.run(
        [sys.executable, "-c", hidden],
        env=environment(DJANGO_SETTINGS_MODULE="config.settings"),
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "None\n", done.stderr
