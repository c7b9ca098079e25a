"""`manage.py notify_doctor --url …` against real servers, well and ill."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from notify.models import Notification
from tests.conftest import StartServer
from tests.harness.nginx import BEHIND_NGINX, SERVE_BEHIND_NGINX, Nginx
from tests.harness.process import free_port
from tests.harness.redis import RedisServer
from tests.harness.server import PYTHON, ROOT, SERVE, environment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


def visit(url: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "manage.py", "notify_doctor", "--url", url, "--user", "ada", *arguments],
        env=environment(**variables), cwd=ROOT, capture_output=True, text=True,
        timeout=90, check=False,
    )  # fmt: skip


def test_it_finds_a_deployment_behind_nginx_well(
    start_server: StartServer, redis_server: RedisServer, tmp_path: Path, ada: User
) -> None:
    variables = {**BEHIND_NGINX, "REDIS_URL": redis_server.url, "NOTIFY_PING_INTERVAL": "1"}
    ports = [start_server(command=SERVE_BEHIND_NGINX, **variables).port for _ in range(2)]
    with Nginx(tmp_path, ports) as nginx:
        told = visit(nginx.url, "--ca", str(nginx.certificate.path), "--idle", "3", **variables)

    assert told.returncode == 0, told.stdout + told.stderr
    hops = [line.split("  ")[1].strip() for line in told.stdout.splitlines()]
    assert hops == [
        "DNS", "TCP", "TLS", "Foreign origin", "Upgrade", "hello", "Ping", "Push", "Idle",
    ]  # fmt: skip
    assert "through the channel layer" in told.stdout
    assert "open after 3 s" in told.stdout
    # It leaves nothing behind that anybody sees, or could use.
    assert not Notification.objects.filter(recalled__isnull=True).exists()
    assert not Session.objects.exists()


def test_it_says_when_notices_come_by_the_sweep_only(start_server: StartServer, ada: User) -> None:
    server = start_server(command=SERVE, NOTIFY_SWEEP_INTERVAL="1")  # its layer is in memory

    told = visit(server.url)

    assert told.returncode == 0, told.stdout + told.stderr
    assert "only by the sweep" in told.stdout


def test_it_says_what_to_do_where_the_proxy_hides_the_scheme(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    ports = [start_server(command=SERVE, HTTPS="off").port for _ in range(2)]
    with Nginx(tmp_path, ports) as nginx:
        told = visit(nginx.url, "--ca", str(nginx.certificate.path))

    assert told.returncode == 1
    assert "ILL   Upgrade         HTTP 403" in told.stdout
    assert "BEHIND_PROXY=on" in told.stdout


def test_it_says_that_nobody_listens(ada: User) -> None:
    told = visit(f"http://127.0.0.1:{free_port()}")

    assert told.returncode == 1
    assert "ILL   TCP" in told.stdout
    assert "Connection refused" in told.stdout


def test_it_says_that_a_certificate_does_not_hold(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    with Nginx(tmp_path, [free_port(), free_port()]) as nginx:
        told = visit(nginx.url)

    assert told.returncode == 1
    assert "the certificate does not hold: self-signed certificate" in told.stdout


def test_it_says_that_the_server_has_another_database(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    server = start_server(command=SERVE, SECRET_KEY="of another deployment " * 4)

    told = visit(server.url)

    assert told.returncode == 1
    assert "closed with 4401" in told.stdout
    assert "one SECRET_KEY" in told.stdout
