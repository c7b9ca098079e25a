"""What is in deploy/ works: nginx before two processes, the unit file, the Dockerfile."""

from __future__ import annotations

import asyncio
import json
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import yaml
from django.contrib.auth.models import User
from websockets.exceptions import InvalidStatus

import notify
from notify import conf
from tests.harness.database import orm
from tests.harness.documents import block
from tests.harness.nginx import BEHIND_NGINX, Nginx
from tests.harness.process import Process, free_port, listens
from tests.harness.server import ROOT, Server, environment
from tests.harness.waiting import deadline, eventually
from tests.integration.conftest import client_through, shows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "notify@.service"
CUT_WITHIN_S = 10.0


# nginx


async def test_a_client_gets_its_notices_through_nginx(nginx: Nginx, ada: User) -> None:
    async with await orm(client_through, nginx, ada) as client:
        await client.frame("inbox")
        await orm(notify.send, to=ada, title="Hello")
        await client.until(shows(client, "Hello"))


FOREIGN_ORIGINS = {
    "another scheme": "http://localhost:{port}",
    "another port": "https://localhost",
    "another host": "https://evil.example:{port}",
    "null": "null",
}


async def test_nginx_hands_on_scheme_and_host_so_that_a_foreign_origin_is_refused(
    nginx: Nginx, ada: User, subtests: pytest.Subtests
) -> None:
    for name, origin in FOREIGN_ORIGINS.items():
        client = await orm(client_through, nginx, ada, origin=origin.format(port=nginx.port))
        with subtests.test(name):
            with pytest.raises(InvalidStatus) as refused:
                await client.connect()
            assert refused.value.response.status_code == 403


def test_what_a_client_says_of_its_address_and_scheme_is_overwritten(
    nginx: Nginx, pair: list[Server]
) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "http",  # believed, it would be a redirect to https
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "for=203.0.113.7",
    }
    with httpx.Client(verify=nginx.trust(), headers=forged) as browser:
        page = browser.get(f"{nginx.url}/accounts/login/")
    assert page.status_code == 200
    assert "evil.example" not in page.text
    logs = "".join(server.log for server in pair)
    assert "127.0.0.1:0 " in logs  # the access log of the process that answered
    assert "203.0.113.7" not in logs


def test_plain_http_is_sent_to_https_by_nginx(nginx: Nginx) -> None:
    answer = httpx.get(f"http://localhost:{nginx.plain_port}/notify/")
    assert answer.status_code == 301
    assert answer.headers["Location"] == "https://localhost/notify/"


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_what_is_for_supervisors_is_not_for_the_world(nginx: Nginx, path: str) -> None:
    assert httpx.get(f"{nginx.url}{path}", verify=nginx.trust()).status_code == 404


def test_slow_headers_and_a_body_that_stops_are_cut_off(nginx: Nginx) -> None:
    starts = {
        "headers": b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        "body": b"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n",
    }
    slow = {}
    for name, start in starts.items():
        raw = socket.create_connection(("localhost", nginx.port))
        slow[name] = nginx.trust().wrap_socket(raw, server_hostname="localhost")
        slow[name].sendall(start)
    began = time.monotonic()
    while slow and time.monotonic() - began < CUT_WITHIN_S:
        for name in [name for name, one in slow.items() if _is_cut_off(one, name == "headers")]:
            slow.pop(name).close()
        time.sleep(0.2)
    assert not slow


def _is_cut_off(client: ssl.SSLSocket, trickle: bool) -> bool:
    client.settimeout(0.05)
    try:
        if trickle:
            client.sendall(b"x")
        return client.recv(1) in {b"", b"H"}  # H: of an answer, which is 408
    except TimeoutError:
        return False
    except OSError:
        return True


async def test_with_one_process_dead_every_client_gets_through(
    nginx: Nginx, pair: list[Server], ada: User
) -> None:
    first = await orm(client_through, nginx, ada)
    pair[0].kill()
    for _ in range(6):
        async with await orm(client_through, nginx, ada) as client:
            await client.frame("inbox")
    async with httpx.AsyncClient(verify=nginx.trust()) as browser:
        answers = [await browser.get(f"{nginx.url}/healthz") for _ in range(6)]
    assert {answer.status_code for answer in answers} == {200}
    await first.close()


async def test_a_reload_of_nginx_closes_no_socket(nginx: Nginx, ada: User) -> None:
    async with await orm(client_through, nginx, ada) as client:
        await client.frame("inbox")
        workers = _children(nginx.pid)
        nginx.reload()
        eventually(lambda: _children(nginx.pid) - workers, what="a new worker of nginx")
        async with await orm(client_through, nginx, ada) as late:
            await orm(notify.send, to=ada, title="after the reload")
            await client.until(shows(client, "after the reload"))
            await late.until(shows(late, "after the reload"))


def _children(pid: int) -> set[str]:
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def test_an_idle_socket_pings_well_before_nginx_would_close_it() -> None:
    timeout = _setting_of_nginx("proxy_read_timeout")
    settings = conf.Conf()
    assert settings.ping_interval
    assert settings.ping_timeout
    assert 1.1 * settings.ping_interval + settings.ping_timeout < timeout


def _setting_of_nginx(name: str) -> float:
    lines = (DEPLOY / "nginx.conf").read_text().split("location = /ws/notify/")[1].splitlines()
    [value] = [line.split()[1] for line in lines if line.split()[:1] == [name]][:1]
    return float(value.rstrip("s;"))


# systemd


def _unit_here(directory: Path) -> Path:
    """An instance of the unit, with the paths of this machine."""
    text = UNIT.read_text()
    for written, here in {
        "/srv/notify/.venv/bin/python": sys.executable,
        "/srv/notify": str(ROOT),
    }.items():
        assert written in text
        text = text.replace(written, here)
    unit = directory / "notify@8001.service"
    unit.write_text(text)
    return unit


def _systemd_analyze(*arguments: str) -> str:
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is not installed; `make test` installs it"
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr if done.returncode == 0 else f"failed: {done}"


def test_systemd_finds_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    assert _systemd_analyze("verify", str(_unit_here(tmp_path))) == ""


@pytest.mark.parametrize("name", ["notify@.service", "shop.service"])
def test_systemd_finds_nothing_to_say_about_the_units_of_the_page(
    name: str, tmp_path: Path
) -> None:
    text = block("docs/deployment.md", f"/etc/systemd/system/{name}")
    gunicorn = str(Path(sys.executable).with_name("gunicorn"))
    for written, here in {
        "/srv/shop/.venv/bin/python": sys.executable,
        "/srv/shop/.venv/bin/gunicorn": gunicorn,
        "/srv/shop": str(ROOT),
    }.items():
        text = text.replace(written, here)
    unit = tmp_path / name.replace("@", "@8001")
    unit.write_text(text)
    assert _systemd_analyze("verify", str(unit)) == ""


def test_systemd_calls_the_unit_hardened(tmp_path: Path) -> None:
    # 0 is locked up, 10 is open to everything; "OK" ends at 5.
    said = _systemd_analyze(
        "security", "--offline=true", "--threshold=20", str(_unit_here(tmp_path))
    )
    assert "Overall exposure level" in said, said


def test_the_unit_gives_a_drain_its_time() -> None:
    lines = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line)
    assert int(lines["TimeoutStopSec"].rstrip("s")) > 30
    assert int(lines["LimitNOFILE"]) >= 65536


async def test_the_command_of_the_unit_serves(
    transactional_db: None, static_root: Path, tmp_path: Path
) -> None:
    [start] = [line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart=")]
    port = free_port()
    words = shlex.split(start.removeprefix("ExecStart=").replace("%i", str(port)))
    command = [sys.executable, *words[1:]]
    env = environment(STATIC_ROOT=str(static_root), **BEHIND_NGINX)
    with Process(command, log=tmp_path / "unit.log", env=env) as process:
        await asyncio.to_thread(eventually, lambda: listens(port))
        answer = await asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/healthz")
        assert answer.json() == {"status": "ok"}
        assert await asyncio.to_thread(process.terminate, deadline(30)) == 0


# Containers. No engine runs them here.


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run(
        [hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.fixture
def services() -> dict[str, Any]:
    """Of the compose file."""
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"])


def test_the_compose_file_gives_the_server_its_drain_and_waits_for_the_migration(
    services: dict[str, Any],
) -> None:
    assert int(services["server"]["stop_grace_period"].rstrip("s")) > 30
    assert "migrate" in services["server"]["depends_on"]
    assert "postgres" in services["migrate"]["depends_on"]


@pytest.mark.parametrize("name", ["migrate", "server", "postgres", "redis"])
def test_no_container_can_gain_rights_or_take_all_memory(
    services: dict[str, Any], name: str
) -> None:
    service = services[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert _bytes(service["mem_limit"])
    # PostgreSQL has its directory to write to, and starts as root to make it its own.
    assert (service.get("read_only"), "cap_add" in service) in {(True, False), (None, True)}
    assert "cap_add" not in service or name == "postgres"


def test_the_container_of_the_server_has_as_much_memory_as_the_unit(
    services: dict[str, Any],
) -> None:
    [unit] = [line for line in UNIT.read_text().splitlines() if line.startswith("MemoryMax=")]
    [in_memory] = services["server"]["tmpfs"]
    rest = _bytes(services["server"]["mem_limit"]) - _bytes(in_memory.partition("size=")[2])
    assert rest >= _bytes(unit.removeprefix("MemoryMax="))


def _bytes(size: str) -> int:
    return int(size[:-1]) << {"m": 20, "g": 30}[size[-1].lower()]


def test_redis_of_the_compose_file_wants_the_password_that_the_server_has(
    services: dict[str, Any], tmp_path: Path
) -> None:
    port = free_port()
    here = {"${REDIS_PASSWORD:?}": "s3cret", "@redis/": f"@127.0.0.1:{port}/"}

    def fill_in(text: str) -> str:
        for written, put in here.items():
            text = text.replace(written, put)
        return text

    words = [fill_in(word) for word in services["redis"]["command"]]
    own = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    with Process([*words, *own], log=tmp_path / "redis.log"):
        eventually(lambda: listens(port))
        with redis.Redis.from_url(fill_in(services["server"]["environment"]["REDIS_URL"])) as ours:
            assert ours.ping()
        with (
            redis.Redis(port=port) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_the_image_believes_a_proxy_only_where_one_is_said_to_be(services: dict[str, Any]) -> None:
    [command] = [
        json.loads(line.removeprefix("CMD "))
        for line in (DEPLOY / "Dockerfile").read_text().splitlines()
        if line.startswith("CMD ")
    ]
    server = services["server"]
    assert "--proxy-headers" not in command
    assert server["command"] == [*command, "--proxy-headers"]
    assert server["environment"]["BEHIND_PROXY"] == "on"
    assert server["ports"] == ["127.0.0.1:8000:8000"]  # nobody else reaches it


def test_the_image_has_the_static_files_that_its_pages_name(tmp_path: Path) -> None:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    [collect] = [part.strip() for part in text.split("&&") if "collectstatic" in part]
    clean = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": str(tmp_path)}
    # As the image does, but into a directory of the test.
    command = collect.replace("/srv/static", shlex.quote(str(tmp_path / "static")))
    subprocess.run(command, shell=True, check=True, env=clean, cwd=ROOT, capture_output=True)  # noqa: S602
    page = (
        "import django; django.setup(); from django.test import Client; "
        "print(Client().get('/accounts/login/', secure=True, headers={'host': 'x'}).status_code)"
    )
    served = clean | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "a key",
        "ALLOWED_HOSTS": "x",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'none.sqlite3'}",
        "STATIC_ROOT": str(tmp_path / "static"),
    }
    asked = [sys.executable, "-c", page]
    told = subprocess.run(asked, env=served, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.stdout.strip() == "200", told.stderr


@pytest.mark.parametrize("path", [".env", "deploy/.env", "deploy/.env.production", "a/b/.env"])
def test_no_file_of_secrets_gets_into_the_image(path: str) -> None:
    patterns = (ROOT / ".dockerignore").read_text().split()
    # As Docker reads them: `**/` is any number of directories, none too.
    anywhere = [one.removeprefix("**/") for one in patterns if one.startswith("**/")]
    assert path in patterns or any(fnmatch(Path(path).name, one) for one in anywhere)
