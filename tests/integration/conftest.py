from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from notify.bus.publisher import publisher
from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.nginx import BEHIND_NGINX, SERVE_BEHIND_NGINX, Nginx
from tests.harness.redis import RedisServer
from tests.harness.server import Server
from tests.harness.sessions import session_cookie
from tests.harness.shop import Shop

ClientOf = Callable[..., Client]
StartNginx = Callable[..., Nginx]


@pytest.fixture
def ada(transactional_db: None, make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def bob(transactional_db: None, make_user: Callable[..., User]) -> User:
    return make_user("bob")


@pytest.fixture
def server(start_server: StartServer) -> Server:
    """One that heals quickly, as its channel layer is not the tests' own."""
    return start_server(NOTIFY_SWEEP_INTERVAL="0.2")


def client_of(server: Server, user: User, **options: Any) -> Client:
    """A client of the user's, signed in by session."""
    return Client(server.socket_url, cookie=session_cookie(user), origin=server.url, **options)


@pytest.fixture
def pair(start_server: StartServer) -> list[Server]:
    """Two processes of the unit's command, for nginx."""
    return [
        start_server(command=SERVE_BEHIND_NGINX, NOTIFY_SWEEP_INTERVAL="0.2", **BEHIND_NGINX)
        for _ in range(2)
    ]


@pytest.fixture
def start_nginx(tmp_path: Path) -> Iterator[StartNginx]:
    """`start_nginx([8001, 8002])`; keyword arguments are Nginx's. One for a test."""
    directory = tmp_path / "nginx"
    directory.mkdir()
    started: list[Nginx] = []

    def start(upstreams: Sequence[int], **options: Any) -> Nginx:
        started.append(Nginx(directory, upstreams, **options))
        started[-1].start()
        return started[-1]

    yield start
    for nginx in started:
        nginx.stop()
        print(nginx.error_log)  # noqa: T201  pytest shows it with a failure


@pytest.fixture
def nginx(pair: list[Server], start_nginx: StartNginx) -> Nginx:
    return start_nginx([server.port for server in pair])


def client_through(nginx: Nginx, user: User, **options: Any) -> Client:
    options = {"origin": nginx.url, "trust": nginx.trust(), **options}
    return Client(nginx.socket_url, cookie=session_cookie(user), **options)


def shows(client: Client, *titles: str) -> Callable[[], bool]:
    """A condition: the client shows just these, newest first."""
    return lambda: client.titles == list(titles)


@pytest.fixture(scope="session")
def shop(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Somebody else's project with the built package. Tests write files of their own into it."""
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def redis_layer(redis_server: RedisServer, settings: Any) -> Iterator[RedisServer]:
    """The test process announces through Redis too, as the servers do that get its URL."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "notify.bus.layers.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_server.url]},
        }
    }
    yield redis_server
    publisher.close()
