"""Ours and the peers: which server, which sender, and how their clients connect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.benchmarks.people import Person
from tests.harness.server import DAPHNE, PYTHON, SERVE

Headers = dict[str, str]
_PEERS = "tests.benchmarks.peers"
_HTTP_SENDER = f"{_PEERS}.http_sender"
_NEVER_S = "86400"
_WITHOUT_PINGS = {
    "NOTIFY_PING_INTERVAL": "none",
    "NOTIFY_SWEEP_INTERVAL": "600",
    "PING_INTERVAL": _NEVER_S,
    "UVICORN_WS_PING_INTERVAL": _NEVER_S,
}


def _no_headers(person: Person) -> Headers:
    return {}


def _signed_in(person: Person) -> Headers:
    return {"Cookie": person.cookie, "Sec-WebSocket-Protocol": "notify.v1"}


def _with_session(person: Person) -> Headers:
    return {"Cookie": person.cookie}


@dataclass(frozen=True)
class Contender:
    name: str  # as in the tables
    command: Sequence[str]  # of the server; `{port}` is filled in
    path: str  # of its socket
    sender: str  # the module of whoever sends
    dialect: str = "plain"  # of its frames: a key of dialects.DIALECTS
    headers: Callable[[Person], Headers] = _no_headers  # of a handshake
    variables: dict[str, str] = field(default_factory=dict)  # of its environment
    tells_processes: bool = True  # whether a notice goes through Redis to any number of them
    counts: bool = False  # what it delivers, and tells at SIGUSR1: peers.counting

    def with_(self, name: str = "", **variables: str) -> Contender:
        """The same with other variables in its environment, and perhaps under another name."""
        return replace(self, name=name or self.name, variables=self.variables | variables)

    @property
    def quiet(self) -> Contender:
        """The same without pings and sweeps, which are question 5: they are counted for as long
        as a sender takes, and who stores what it sends takes longer."""
        options = ("--ping-interval", _NEVER_S) if "daphne" in self.command else ()
        return replace(self, command=(*self.command, *options)).with_(**_WITHOUT_PINGS)


def _ours(name: str, command: Sequence[str]) -> Contender:
    return Contender(
        name=name,
        command=command,
        path="/ws/notify/",
        dialect="notify",
        sender="tests.benchmarks.sender",
        headers=_signed_in,
        # The sender carries its batches out, so that the server is measured pushing.
        variables={
            "REDIS_LAYER": "pubsub",
            "NOTIFY_SERVER_WORKERS": "0",
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.site.settings",
        },
    )


def _stock(name: str, layer: str, path: str = "/ws/") -> Contender:
    peer = f"{_PEERS}.channels_stock"
    return Contender(
        name=name,
        command=(*DAPHNE[:-1], f"{peer}.asgi:application"),
        path=path,
        sender=f"{peer}.sender",
        variables={
            "REDIS_LAYER": layer,
            "DJANGO_SETTINGS_MODULE": f"{peer}.settings",
        },
        counts=True,
    )


def _uvicorn(application: str) -> Sequence[str]:
    address = ("--host", "127.0.0.1", "--port", "{port}")
    options = ("--loop", "uvloop", "--no-access-log")
    return (PYTHON, "-m", "uvicorn", *address, *options, f"{_PEERS}.{application}")


SERVED = _ours("notify, `serve`", SERVE)
DAPHNED = _ours("notify, `daphne`", DAPHNE)
STOCK_PUBSUB = _stock("stock Channels consumer on Daphne, Pub/Sub layer", "pubsub")
STOCK_CORE = _stock("stock Channels consumer on Daphne, core layer", "core")
STOCK_SIGNED_IN = replace(
    _stock("stock Channels consumer on Daphne, AuthMiddlewareStack", "pubsub", "/ws/user/"),
    headers=_with_session,
    counts=False,  # only connects
)
FASTAPI = Contender(
    name="FastAPI's loop, uvicorn with uvloop",
    command=_uvicorn("fastapi_loop:app"),
    path="/ws/",
    sender=_HTTP_SENDER,
    tells_processes=False,
)
WEBSOCKETS = Contender(
    name="`websockets.broadcast` with uvloop",
    command=(PYTHON, "-m", f"{_PEERS}.websockets_broadcast", "{port}"),
    path="/",
    sender=f"{_PEERS}.redis_sender",
    counts=True,
)
SOCKETIO = Contender(
    name="python-socketio rooms, uvicorn with uvloop",
    command=_uvicorn("socketio_rooms:app"),
    path="/socket.io/",
    dialect="socketio",
    sender=f"{_PEERS}.socketio_sender",
    counts=True,
)
NODE_WS = Contender(
    name="Node `ws`",
    command=("node", "tests/benchmarks/peers/ws_node.mjs", "{port}"),
    path="/",
    sender=_HTTP_SENDER,
    tells_processes=False,
)
BARE_WRITE = Contender(
    name="bare `write()` loop",
    command=(PYTHON, "-m", f"{_PEERS}.bare_write", "{port}"),
    path="/",
    sender=_HTTP_SENDER,
    tells_processes=False,
)
