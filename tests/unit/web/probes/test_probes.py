"""Probes by address, whatever ALLOWED_HOSTS contains; left out; with a prefix."""

from __future__ import annotations

import pytest
from django.test import AsyncClient, Client
from django.urls import clear_script_prefix, include, path, set_script_prefix

pytestmark = pytest.mark.django_db

TOKEN = {"Authorization": "Bearer t"}
ADDRESSES = ["127.0.0.1:8001", "10.42.8.201:8000", "notify.example.org"]


class WithPrefix:
    """A URLconf with the probes under a prefix."""

    urlpatterns = [path("internal/", include("notify.web.probes"))]


class Without:
    """A URLconf without the probes."""

    urlpatterns = [path("", include("notify.urls"))]


@pytest.fixture
def production(settings):
    settings.ALLOWED_HOSTS = ["notify.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    settings.NOTIFY_METRICS_TOKEN = "t"
    return settings


@pytest.mark.parametrize("host", ADDRESSES)
@pytest.mark.parametrize("probe", ["/healthz", "/readyz", "/metrics"])
def test_they_answer_by_any_address_and_without_tls(production, host, probe):
    answer = Client().get(probe, headers={"Host": host, **TOKEN})
    assert answer.status_code == 200
    answer = Client().head(probe, headers={"Host": host, **TOKEN})
    assert (answer.status_code, answer.content) == (200, b"")
    assert Client().post(probe, headers={"Host": host, **TOKEN}).status_code == 405


def test_all_else_is_refused_by_address(production):
    by_address = {"Host": "127.0.0.1:8001"}
    for page in ("/notify/", "/healthz/", "/api/notify/inbox/", "/metrics"):  # without the token
        assert Client().get(page, headers=by_address).status_code == 400, page
    assert Client().get("/metrics", headers={**by_address, "Authorization": "x"}).status_code == 400
    refused = Client().get("/metrics", headers={**by_address, "Authorization": "Bearer wrong"})
    assert refused.status_code == 403


@pytest.mark.parametrize("last", [True, False], ids=["in one thread", "asynchronous"])
async def test_they_answer_under_asgi(production, last):
    if not last:
        production.MIDDLEWARE = production.MIDDLEWARE[:1]
    client = AsyncClient()
    for probe in ("/healthz", "/readyz", "/metrics"):
        answer = await client.get(probe, headers=TOKEN)
        assert answer.status_code == 200, probe
    # Without other middleware, nothing checks the host.
    assert (await client.get("/nothing")).status_code == (400 if last else 404)


@pytest.mark.parametrize("prefix", ["/", "/app/", "/ä/", "/a b/", "/50%/"])
def test_they_may_have_a_prefix_also_below_a_root_path(production, prefix):
    production.ROOT_URLCONF = WithPrefix
    production.FORCE_SCRIPT_NAME = prefix.rstrip("/") or None
    set_script_prefix(prefix)
    try:
        by_address = {"Host": "127.0.0.1:8001"}
        client = Client()
        assert client.get("/internal/healthz", headers=by_address).status_code == 200
        assert client.get("/healthz", headers=by_address).status_code == 400
    finally:
        clear_script_prefix()


def test_they_may_be_left_out(production):
    production.ROOT_URLCONF = Without
    assert Client().get("/healthz", headers={"Host": "127.0.0.1:8001"}).status_code == 400
    gone = Client().get("/healthz", headers={"Host": "notify.example.org"}, secure=True)
    assert gone.status_code == 404
