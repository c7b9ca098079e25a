"""`manage.py notify_doctor --url …` against real servers, with and without mistakes."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session

from notify.models import Notification, Place
from tests.conftest import StartServer
from tests.harness.certificate import Certificate
from tests.harness.nginx import BEHIND_NGINX, SERVE_BEHIND_NGINX, Nginx
from tests.harness.process import free_port
from tests.harness.redis import RedisServer
from tests.harness.server import DAPHNE, PYTHON, ROOT, SERVE, environment
from tests.harness.waiting import deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

# The doctor waits for five notices, which come by the sweep where there is no Redis.
QUICK = {"NOTIFY_SWEEP_INTERVAL": "0.2"}
QUICK_BEHIND_NGINX = {**BEHIND_NGINX, **QUICK}


def examine(url: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "manage.py", "notify_doctor", "--url", url, "--user", "ada", *arguments],
        env=environment(**variables), cwd=ROOT, capture_output=True, text=True,
        timeout=deadline(90), check=False,
    )  # fmt: skip


def examine_through(
    nginx: Nginx, *arguments: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    own = {
        "--ca": nginx.certificate.path,
        "--http-port": nginx.plain_port,
        "--nginx": nginx.configuration,
    }
    return examine(nginx.url, *map(str, chain(*own.items())), *arguments, **variables)


def findings(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The level and the text of each line, by step."""
    lines = (re.split(r" {2,}", line, maxsplit=2) for line in result.stdout.splitlines())
    return {step: f"{level} {text}" for level, step, text in lines}


def test_it_finds_a_deployment_behind_nginx_ok(
    start_server: StartServer, redis_server: RedisServer, tmp_path: Path, ada: User
) -> None:
    variables = {**BEHIND_NGINX, "REDIS_URL": redis_server.url, "NOTIFY_PING_INTERVAL": "1"}
    ports = [start_server(command=SERVE_BEHIND_NGINX, **variables).port for _ in range(2)]
    with Nginx(tmp_path, ports) as nginx:
        result = examine_through(nginx, "--idle", "3", **variables)

    assert result.returncode == 0, result.stdout + result.stderr
    assert list(findings(result)) == [
        "DNS", "TCP", "TLS", "Foreign origin", "Upgrade", "Hello", "Ping", "Push", "Idle",
        "Old TLS", "Plain HTTP", "HSTS", "Probes", "Proxy headers", "Bad handshakes", "Sign-in",
        "Long URL", "Slow headers", "Upstream", "Access log", "Error log",
    ]  # fmt: skip
    assert not [line for line in result.stdout.splitlines() if not line.startswith("ok")]
    assert "through the channel layer" in result.stdout
    assert "still open after 3 s" in result.stdout
    # It leaves no visible notice and no session behind.
    assert not Notification.objects.exclude(place=Place.RECALLED).exists()
    assert not Session.objects.exists()


@pytest.mark.parametrize("variables", [{}, {"NOTIFY_SOCKET_PATH": "/app/socket"}])
def test_the_url_may_have_the_prefix_of_the_site(
    start_server: StartServer, ada: User, variables: dict[str, str]
) -> None:
    server = start_server(command=(*SERVE, "--root-path", "/app"), **QUICK, **variables)
    result = examine(f"{server.url}/app/", **variables)
    assert result.returncode == 0, result.stdout + result.stderr
    path = variables.get("NOTIFY_SOCKET_PATH", "/app/ws/notify/")
    assert findings(result)["Upgrade"] == f"ok {path} accepts a handshake from {server.url}."


@dataclass(frozen=True)
class Mistake:
    """A change of the configuration, and the finding about it."""

    step: str
    instead: dict[str, str]
    level: str
    words: str


def proxy_header(name: str, right: str, wrong: str) -> dict[str, str]:
    line = f"proxy_set_header {name} {right};"
    return {line: f"proxy_set_header {name} {wrong};" if wrong else ""}


SMALL_BUFFERS = {
    "proxy_buffer_size 32k;": "",
    "proxy_buffers 8 32k;": "",
    "proxy_busy_buffers_size 64k;": "",
}
FORWARDED_SCHEME = """
    map $http_x_forwarded_proto $claimed { default $http_x_forwarded_proto; "" $scheme; }
    proxy_set_header X-Forwarded-Proto $claimed;
"""
# The mistakes of a list belong to different steps, so that one run finds them all.
MISTAKES = [
    Mistake(
        "Old TLS",
        {
            "ssl_protocols TLSv1.2": "ssl_protocols TLSv1.1 TLSv1.2",
            "ssl_ciphers ECDHE+AESGCM:": "ssl_ciphers ALL:@SECLEVEL=0:",
        },
        "WEAK", "TLS below 1.2 is accepted",
    ),
    Mistake("Plain HTTP", {"return 444": "return 301 https://$host"}, "WEAK", "default_server"),
    Mistake("HSTS", {"add_header Strict-Transport-Security $hsts always;": ""}, "hint", "always"),
    Mistake("Probes", {"location = /readyz { return 404; }": ""}, "WEAK", "location = /readyz"),
    Mistake(
        "Proxy headers",
        {"proxy_set_header X-Forwarded-Proto $scheme;": FORWARDED_SCHEME},
        "WEAK", "proxy_set_header X-Forwarded-Proto $scheme;",
    ),
    Mistake(
        "Bad handshakes",
        {
            '"$server_protocol $http_upgrade"': "$http_upgrade",
            "HTTP/1\\.1 websocket$": "websocket$",
        },
        "hint", "HTTP/1.0",
    ),
    Mistake("Sign-in", {"^/(accounts|admin)/": "^/(accounts)/"}, "hint",
            "/admin/login/: no rate limit"),
    Mistake("Long URL", SMALL_BUFFERS, "WEAK", "proxy_buffer_size"),
    Mistake(
        "Slow headers",
        {"client_header_timeout 8s;": ""}, "hint", "client_header_timeout 8s",
    ),
    Mistake("Error log", {"error_log /dev/null crit;": ""}, "WEAK", "error_log /dev/null crit;"),
]  # fmt: skip
MISTAKES_WITH_DAPHNE = [
    Mistake("Old TLS", {"ssl_ciphers ECDHE+AESGCM:": "ssl_ciphers AES128-SHA:"}, "WEAK", "secrecy"),
    Mistake("Plain HTTP", {"return 301 https://$host$request_uri;": "return 200 hello;"},
            "WEAK", "does not redirect"),
    Mistake("Probes", {"location = /metrics { return 404; }": ""}, "hint", "location = /metrics"),
    Mistake(
        "Proxy headers",
        {
            **proxy_header("X-Forwarded-For", "$remote_addr", "$proxy_add_x_forwarded_for"),
            **proxy_header("Daphne-Root-Path", '""', ""),
        },
        "WEAK", 'X-Forwarded-For $remote_addr; proxy_set_header Daphne-Root-Path "";',
    ),
    Mistake("Sign-in", {"server_tokens off;": "set_real_ip_from 127.0.0.0/8; real_ip_header "
            "X-Forwarded-For;"}, "WEAK", "set_real_ip_from"),
    Mistake("Long URL", {**SMALL_BUFFERS, "max_fails=0": "max_fails=1 fail_timeout=2s"},
            "WEAK", "max_fails=0"),
    Mistake("Upstream", {}, "WEAK", "max_fails=0"),
    Mistake("Access log", {"access.log without_query": "access.log"}, "WEAK", "without $request"),
]  # fmt: skip


def expect(mistakes: list[Mistake], result: subprocess.CompletedProcess[str]) -> None:
    found = findings(result)
    for mistake in mistakes:
        assert found[mistake.step].startswith(mistake.level), found[mistake.step]
        assert mistake.words in found[mistake.step]
    others = set(found) - {mistake.step for mistake in mistakes}
    assert not [found[step] for step in others if not found[step].startswith("ok ")]
    weak = any(mistake.level == "WEAK" for mistake in mistakes)
    assert result.returncode == int(weak), result.stdout + result.stderr


def instead(mistakes: list[Mistake]) -> dict[str, str]:
    return {written: here for mistake in mistakes for written, here in mistake.instead.items()}


def test_it_finds_what_an_attacker_can_use(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    ports = [start_server(command=SERVE_BEHIND_NGINX, **QUICK_BEHIND_NGINX).port for _ in range(2)]
    with Nginx(tmp_path, ports, instead(MISTAKES)) as nginx:
        result = examine_through(nginx, **BEHIND_NGINX)

    expect(MISTAKES, result)
    assert "max_fails" not in result.stdout  # it is right: no other requests failed


def test_it_finds_what_an_attacker_can_use_with_stock_daphne(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    command = (*DAPHNE, "--proxy-headers")
    ports = [start_server(command=command, **QUICK_BEHIND_NGINX).port for _ in range(2)]
    Certificate(tmp_path, rsa=True)
    with Nginx(tmp_path, ports, instead(MISTAKES_WITH_DAPHNE)) as nginx:
        result = examine_through(nginx, **BEHIND_NGINX)
        page = httpx.get(f"{nginx.url}/healthz", verify=nginx.trust())

    expect(MISTAKES_WITH_DAPHNE, result)
    assert page.status_code == 200  # the doctor has waited until the site recovered


def test_it_finds_a_host_header_trusted_from_clients(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    settings = "tests.integration.believing_settings"
    variables = {**QUICK_BEHIND_NGINX, "DJANGO_SETTINGS_MODULE": settings}
    ports = [start_server(command=SERVE_BEHIND_NGINX, **variables).port for _ in range(2)]
    lines = proxy_header("X-Forwarded-Host", '""', "")
    mistakes = [Mistake("Proxy headers", lines, "WEAK", 'proxy_set_header X-Forwarded-Host "";')]
    with Nginx(tmp_path, ports, instead(mistakes)) as nginx:
        result = examine_through(nginx, **variables)

    expect(mistakes, result)


def test_it_reports_notices_that_arrive_only_by_the_sweep(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(command=SERVE, NOTIFY_SWEEP_INTERVAL="1")  # its layer is in memory

    result = examine(server.url)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "only by the sweep" in result.stdout
    assert findings(result)["Security"].startswith("hint not examined without TLS")


def test_it_reports_a_proxy_that_hides_the_scheme(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    ports = [start_server(command=SERVE, HTTPS="off").port for _ in range(2)]
    with Nginx(tmp_path, ports) as nginx:
        result = examine(nginx.url, "--ca", str(nginx.certificate.path))

    assert result.returncode == 1
    assert "FAIL  Upgrade         HTTP 403" in result.stdout
    assert "BEHIND_PROXY=on" in result.stdout


def test_it_reports_that_nothing_listens(ada: User) -> None:
    result = examine(f"http://127.0.0.1:{free_port()}")

    assert result.returncode == 1
    assert "FAIL  TCP" in result.stdout
    assert "the connection was refused" in result.stdout


def test_it_reports_an_invalid_certificate(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    with Nginx(tmp_path, [free_port(), free_port()]) as nginx:
        result = examine(nginx.url)

    assert result.returncode == 1
    assert "the certificate is not valid: self-signed certificate" in result.stdout


def test_it_reports_a_server_with_another_secret_key(
    start_server: StartServer, tmp_path: Path, ada: User
) -> None:
    server = start_server(command=SERVE, SECRET_KEY="of another deployment " * 4)

    result = examine(server.url)

    assert result.returncode == 1
    assert "closed the socket with 4401" in result.stdout
    assert "the same SECRET_KEY" in result.stdout
