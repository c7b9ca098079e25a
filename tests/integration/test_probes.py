"""A process is asked by its own address, which no ALLOWED_HOSTS names."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import StartServer
from tests.harness.server import COMMANDS, Server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

TOKEN = {"Authorization": "Bearer t"}
PROBES = ("/healthz", "/readyz", "/metrics")


@pytest.fixture(params=["serve", "uvicorn"])
def server(request: pytest.FixtureRequest, start_server: StartServer) -> Server:
    return start_server(
        command=COMMANDS[request.param],
        ALLOWED_HOSTS="notify.example.org",
        HTTPS="on",
        NOTIFY_METRICS_TOKEN="t",
    )


def test_a_process_answers_its_probes_by_any_address(server: Server) -> None:
    for host in (f"127.0.0.1:{server.port}", "10.42.8.201:8000", "notify.example.org"):
        with httpx.Client(base_url=server.url, headers={"Host": host}) as client:
            told = [client.get(probe, headers=TOKEN).status_code for probe in PROBES]
            assert told == [200, 200, 200], host
            # Nothing else is answered by an address, and nothing without TLS.
            expected = 301 if host == "notify.example.org" else 400
            for page in ("/metrics", "/accounts/login/"):
                assert client.get(page).status_code == expected, (host, page)
