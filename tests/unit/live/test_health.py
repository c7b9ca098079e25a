from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from notify.live import health


@pytest.mark.parametrize("paused", [False, True])
def test_a_process_without_sockets_has_the_health_of_its_publisher(
    monkeypatch: pytest.MonkeyPatch, paused: bool
) -> None:
    monkeypatch.setattr(health, "hubs", list)
    monkeypatch.setattr(health, "publisher", SimpleNamespace(paused=paused))
    assert health.current() == health.Health(layer_is_down=paused)


def test_it_is_that_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    sockets: Any = type("Sockets", (list,), {"users": {"ada"}, "limit": None})([1, 2])
    hub = SimpleNamespace(
        draining=True,
        layer=SimpleNamespace(is_down=False),
        loop=SimpleNamespace(time=lambda: 10.0),
        sweep=SimpleNamespace(finished_at=7.5),
        sockets=sockets,
    )
    monkeypatch.setattr(health, "hubs", lambda: [hub])
    monkeypatch.setattr(health, "publisher", SimpleNamespace(paused=True))
    assert health.current() == health.Health(
        draining=True, layer_is_down=True, sweep_age=2.5, sockets=2, users=1, is_bounded=False
    )
