"""What every test may ask for.

The databases. Unit and integration tests run twice: on SQLite (`pytest`) and on PostgreSQL
(`python -m tests.harness.run --postgres -- pytest`). `db` wraps a test in a transaction: quick,
and right for all that happens on the thread of the test. Whatever another thread or process
must see (a consumer's database threads, a server, a command) needs `transactional_db`. SQLite
is a file here, not memory: connections to a shared database in memory lock each other's tables
and do not wait, which the deployed ones never do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.core.management.commands import flush
from django.db import connection

from notify.bus.publisher import publisher
from notify.kinds import registry
from notify.readers import filing
from tests.harness.pgbouncer import PgBouncer
from tests.harness.postgres import DIRECTORY_VARIABLE, Postgres
from tests.harness.redis import RedisServer
from tests.harness.server import Server, environment
from tests.harness.smtp import SmtpServer
from tests.harness.waiting import eventually
from tests.unit.inbox.helpers import Announced

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(scope="session", autouse=True)
def permissions_stay() -> Iterator[None]:
    """A flush after a test leaves content types and permissions, which are the same for all tests.
    To write them anew took more than half of its time."""
    kept = {ContentType._meta.db_table, Permission._meta.db_table}

    def without_them(style: Any, connection: Any, **options: Any) -> Any:
        tables = connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        return connection.ops.sql_flush(style, sorted({*tables} - kept), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", without_them)
        patch.setattr(flush, "emit_post_migrate_signal", lambda *_: None)
        yield


@pytest.fixture(scope="session")
def hashed_password() -> str:
    """PASSWORD, hashed once as a deployment does it, which takes its time."""
    return make_password(PASSWORD)


@pytest.fixture
def make_user(db: None, hashed_password: str) -> Callable[..., User]:
    """`make_user("ada", is_staff=True)`: a user who can sign in with PASSWORD.

    No signal is sent, so the inbox is empty: a welcome is for the tests of welcomes.
    """

    def make(username: str, **fields: Any) -> User:
        user = User(username=username, password=hashed_password, **fields)
        return User.objects.bulk_create([user])[0]

    return make


@pytest.fixture
def admin_user(make_user: Callable[..., User]) -> User:
    """Who signs in as `admin_client`."""
    return make_user("admin", is_staff=True, is_superuser=True)


@pytest.fixture(autouse=True)
def nobody_has_set_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process remembers that somebody has set a preference, and each test is a new one."""
    monkeypatch.setattr(filing._Known, "something_set", False)


@pytest.fixture
def own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test declares is forgotten after it."""
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))


@pytest.fixture
def demo_kinds(own_kinds: None) -> Any:
    """The kinds of `config.demo`, in this process too. Only for this test: one of them is mailed,
    and where a kind is, everything else is checked and asked for its sake."""
    module = import_module("config.demo.notices")
    for kind in (module.OrderShipped, module.MeetingMoved):
        registry.register(kind)
    return module


@pytest.fixture
def silent(settings: Any) -> None:
    """Nobody is sent anything but by the test."""
    settings.NOTIFY_WELCOME = False
    settings.NOTIFY_NEW_DEVICE = False


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> Announced:
    """What is announced goes here instead of to a channel layer."""
    announced = Announced()
    monkeypatch.setattr(publisher, "publish", announced.take)
    monkeypatch.setattr(publisher, "publish_work", announced.take_work)
    return announced


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests, which leave it running; to break one, take `own_redis`."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """One for this test alone: to kill, to pause, to flush."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def postgres_server() -> Iterator[Postgres]:
    """The PostgreSQL of this run: to pause, to restart. Mark the test with `postgres`."""
    if DIRECTORY_VARIABLE not in os.environ:
        pytest.fail("Needs PostgreSQL: python -m tests.harness.run --postgres -- pytest …")
    server = Postgres.of_this_run()
    yield server
    server.resume()
    if server.pid is None:
        server.start()
    eventually(server.answers, what="PostgreSQL after the test")


@pytest.fixture
def pgbouncer(postgres_server: Postgres) -> Iterator[PgBouncer]:
    with PgBouncer(postgres_server) as running:
        yield running


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SmtpServer]:
    with SmtpServer(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the hashed static files are, as `collectstatic` lays them in a deployment."""
    from django.test import override_settings

    root = tmp_path_factory.mktemp("static")
    storage = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    with override_settings(STATIC_ROOT=str(root), STORAGES={"staticfiles": storage}):
        call_command("collectstatic", interactive=False, verbosity=0)
    return root


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(
    transactional_db: None, static_root: Path, tmp_path: Path
) -> Iterator[StartServer]:
    """`start_server(REDIS_URL=redis_server.url)`: a server process on the test's database.

    Keyword arguments are environment variables, but for `command`, `port` and `cwd`, which are
    Server's. All are stopped at the end of the test; what they logged is shown if it fails.
    """
    servers: list[Server] = []
    numbers = count()  # not by how many there are: several may be started at once

    def start(**variables: Any) -> Server:
        names = ("command", "port", "cwd")
        options = {name: variables.pop(name) for name in names if name in variables}
        env = environment(STATIC_ROOT=str(static_root), **variables)
        server = Server(log=tmp_path / f"server-{next(numbers)}.log", env=env, **options)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.stop()
        print(f"--- {server.url}\n{server.log}")  # noqa: T201  (pytest shows it with a failure)
