"""Health of this process, for the HTTP probes. Any thread may ask."""

from __future__ import annotations

from dataclasses import dataclass

from notify.bus.publisher import publisher
from notify.live.hub import hubs
from notify.live.probe import Probe
from notify.live.readings import without_sockets

_probe = Probe()


@dataclass(frozen=True, slots=True)
class Health:
    draining: bool = False
    layer_is_down: bool = False
    sweep_age: float | None = None  # seconds since a sweep succeeded; None: there is no hub
    sockets: int = 0
    users: int = 0
    is_bounded: bool = True  # has a limit of sockets: only `manage.py serve` sets one


def current() -> Health:
    """Health of this process' hub. A process that has none yet counts as healthy."""
    paused = publisher.paused
    for hub in hubs():
        return Health(
            draining=hub.draining,
            layer_is_down=hub.layer.is_down or paused,
            sweep_age=max(0.0, hub.loop.time() - hub.sweep.finished_at),
            sockets=len(hub.sockets),
            users=len(hub.sockets.users),
            is_bounded=hub.sockets.limit is not None,
        )
    return Health(layer_is_down=paused)


def figures() -> dict[str, float]:
    """The figures of this process, by the name of their metric."""
    for hub in hubs():
        return hub.readings.figures()
    return {name: float(value) for name, value in without_sockets().items() if value is not None}


def database_answers() -> bool:
    """Whether the database answers within 0.8 s. Blocks; call it in a thread."""
    return _probe.database_answers()
