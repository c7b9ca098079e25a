from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from notify.live.groups import publisher
from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.redis import RedisServer
from tests.harness.server import Server
from tests.harness.sessions import session_cookie

ClientOf = Callable[..., Client]


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


def shows(client: Client, *titles: str) -> Callable[[], bool]:
    """A condition: the client shows just these, newest first."""
    return lambda: client.titles == list(titles)


@pytest.fixture
def redis_layer(redis_server: RedisServer, settings: Any) -> Iterator[RedisServer]:
    """The test process announces through Redis too, as the servers do that get its URL."""
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "notify.layers.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [redis_server.url]},
        }
    }
    yield redis_server
    publisher.close()
