"""Health of this process, for the HTTP probes. Read from any thread: plain attributes."""

from __future__ import annotations

from dataclasses import dataclass

from notify.bus.publisher import publisher
from notify.live.hub import hubs
from notify.live.probe import Probe

_probe = Probe()


@dataclass(frozen=True, slots=True)
class Health:
    draining: bool = False
    layer_is_down: bool = False
    sweep_age: float | None = None  # seconds since one came to its end; None: there is no hub
    sockets: int = 0
    users: int = 0
    is_bounded: bool = True  # by `manage.py serve`, the only server that does


def current() -> Health:
    """Of the hub of this process; a process that has none yet is healthy as far as it goes."""
    paused = publisher.paused
    for hub in hubs():
        return Health(
            draining=hub.draining,
            layer_is_down=hub.layer.is_down or paused,
            sweep_age=max(0.0, hub.loop.time() - hub.sweep.finished_at),
            sockets=hub.size,
            users=len(hub.users),
            is_bounded=hub.socket_limit is not None,
        )
    return Health(layer_is_down=paused)


def database_answers() -> bool:
    """Whether it does within 0.8 s. For a thread, as it waits."""
    return _probe.database_answers()
