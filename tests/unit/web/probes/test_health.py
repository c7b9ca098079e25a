"""Probes for supervisors."""

from __future__ import annotations

import pytest
from django.db import OperationalError

from notify import sql
from notify.bus.publisher import Publisher
from notify.live import health


def test_healthz_needs_no_database(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_is_ok_when_the_database_answers(client):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "process": "ok",
        "database": "ok",
        "sweep": "ok",
        "layer": "ok",
        "sweep_age": None,  # a process without sockets has none
    }
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_is_503_when_the_database_does_not_answer(client, monkeypatch):
    def fail(*args):
        raise OperationalError("password of postgres is hunter2")

    monkeypatch.setattr(sql, "fetch", fail)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] == "unavailable"
    assert "hunter2" not in response.content.decode()


@pytest.mark.django_db
def test_a_failing_layer_is_reported_and_the_process_stays_ready(client, monkeypatch):
    monkeypatch.setattr(Publisher, "paused", True)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["layer"] == "degraded"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "word"),
    [
        (health.Health(draining=True, sweep_age=1), ("process", "draining")),
        (health.Health(sweep_age=61), ("sweep", "late")),
    ],
)
def test_readyz_is_503_while_it_drains_and_when_its_sweep_is_late(client, monkeypatch, state, word):
    monkeypatch.setattr(health, "current", lambda: state)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert word in response.json().items()


@pytest.mark.django_db
def test_a_rare_sweep_is_not_late(client, monkeypatch, settings):
    settings.NOTIFY_SWEEP_INTERVAL = 60
    monkeypatch.setattr(health, "current", lambda: health.Health(sweep_age=301))
    assert client.get("/readyz").status_code == 200
