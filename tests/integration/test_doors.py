"""Wherever a project calls `notify.send`: it is sent once the transaction around it commits, and
neither waits for the channel layer nor fails because of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, User
from django.core.exceptions import SynchronousOnlyOperation
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection, transaction
from django.db.models.signals import post_save
from django.test import AsyncClient, Client

import notify
from notify.bus.publisher import publisher
from notify.models import Notice, Notification
from tests.harness.process import free_port
from tests.harness.redis import RedisServer
from tests.harness.server import manage
from tests.harness.waiting import eventually
from tests.integration.sending_urls import PaymentRefused


@pytest.fixture(autouse=True)
def routes(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.integration.sending_urls"


@pytest.fixture
def client(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def atomic_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)


def arrived() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("notice__title", flat=True))


# Views


def test_a_view_sends_at_once_where_nothing_is_around_it(client):
    assert client.get("/plain/").content == b"1"
    assert arrived() == ["plain"]


def test_a_view_that_fails_after_it_has_sent_has_sent(client):
    with pytest.raises(PaymentRefused):
        client.get("/plain/?fail=1")
    assert arrived() == ["plain"]


def test_with_atomic_requests_it_is_sent_after_the_view(client, atomic_requests):
    assert client.get("/plain/").content == b"0"
    assert arrived() == ["plain"]


def test_with_atomic_requests_a_view_that_fails_has_sent_nothing(client, atomic_requests):
    with pytest.raises(PaymentRefused):
        client.get("/plain/?fail=1")
    assert not Notice.objects.exists()


def test_with_atomic_requests_a_view_may_be_an_exception(client, atomic_requests):
    assert client.get("/non-atomic/").content == b"1"


def test_a_savepoint_that_is_rolled_back_takes_its_own_notice_only(client):
    assert client.get("/nested/").content == b"0"
    assert arrived() == ["refused"]


def test_an_asynchronous_view_awaits_it(ada):
    client = AsyncClient()
    client.force_login(ada)
    response: Any = async_to_sync(client.get)("/async/")
    assert response.content == b"1"
    assert arrived() == ["asynchronous"]


def test_an_asynchronous_view_may_recall_it(ada):
    client = AsyncClient()
    client.force_login(ada)
    response: Any = async_to_sync(client.get)("/async/?recall=1")
    assert response.content == b"0"
    assert Notice.objects.get().recalled is not None


async def test_the_synchronous_one_is_refused_in_an_event_loop(transactional_db):
    with pytest.raises(SynchronousOnlyOperation):
        notify.send(to=1, title="Hello")


# A signal of one's own


@pytest.fixture
def told_of_groups(ada: User) -> Iterator[None]:
    """A project that tells ada of each new group, as docs/triggers.md shows it."""

    def tell(sender: Any, *, instance: Group, created: bool, **kwargs: Any) -> None:
        if created:
            notify.send(to=ada, title=f"New group: {instance.name}")

    post_save.connect(tell, sender=Group, weak=False, dispatch_uid="tests.groups")
    yield
    post_save.disconnect(sender=Group, dispatch_uid="tests.groups")


def test_a_signal_receiver_sends(told_of_groups):
    group = Group.objects.create(name="crew")
    group.save()
    assert arrived() == ["New group: crew"]


def test_a_signal_receiver_sends_nothing_for_what_is_rolled_back(told_of_groups):
    with transaction.atomic():
        Group.objects.create(name="never")
        transaction.set_rollback(True)
    with transaction.atomic():
        Group.objects.create(name="crew")
        assert arrived() == []
    assert arrived() == ["New group: crew"]


# Commands


class Command(BaseCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            notify.send(to=User.objects.all(), title="from a command")


def test_a_command_of_ones_own_sends(ada):
    call_command(Command())
    assert arrived() == ["from a command"]


def test_a_process_that_ends_at_once_has_sent(ada):
    code = f"import notify; notify.send(to={ada.pk}, title='from a shell')"
    manage("shell", "-c", code)
    assert arrived() == ["from a shell"]


# Without Redis

FIVE = 5
MOST_S = 1.5


@pytest.fixture(
    params=["notify.bus.layers.RedisPubSubChannelLayer", "channels_redis.core.RedisChannelLayer"]
)
def layer_at(request: pytest.FixtureRequest, settings: Any) -> Iterator[Callable[[str], None]]:
    """`layer_at(url)`: this process announces through the Redis there."""

    def use(url: str) -> None:
        settings.CHANNEL_LAYERS = {
            "default": {
                "BACKEND": request.param,
                "CONFIG": {"hosts": [url]},
            }
        }

    publisher.close()
    publisher._paused_until = 0.0
    failures = publisher.failures
    yield use
    publisher.close()
    assert publisher.failures > failures  # it was the layer that did not work
    publisher._paused_until = 0.0


def send_five(ada: User) -> float:
    """How long it took, in seconds."""
    before = time.monotonic()
    for n in range(FIVE):
        notify.send(to=ada, title=f"{n}")
    return time.monotonic() - before


def is_given_up() -> bool:
    """Publishes once more, as what was published while the event loop was late tells nothing."""
    publisher.publish_work()
    publisher.flush()
    return publisher.paused


def assert_sent(ada: User, *titles: str) -> None:
    assert arrived() == [*titles]
    assert ada.notify_inbox.unread == len(titles)


@pytest.mark.one_database
def test_it_does_not_wait_for_a_redis_that_hangs(ada, layer_at, own_redis: RedisServer):
    layer_at(own_redis.url)
    own_redis.pause()
    try:
        assert send_five(ada) < MOST_S
        eventually(is_given_up, what="giving the layer up")
    finally:
        own_redis.resume()
    assert_sent(ada, *"01234")


@pytest.mark.one_database
def test_it_does_not_wait_for_a_redis_that_hangs_later(ada, layer_at, own_redis: RedisServer):
    layer_at(own_redis.url)
    notify.send(to=ada, title="before")
    publisher.flush()
    own_redis.pause()
    try:
        assert send_five(ada) < MOST_S
        eventually(is_given_up, what="giving the layer up")
    finally:
        own_redis.resume()
    assert_sent(ada, "before", *"01234")


@pytest.mark.one_database
def test_it_does_not_mind_that_there_is_no_redis(ada, layer_at):
    layer_at(f"redis://127.0.0.1:{free_port()}/0")
    assert send_five(ada) < MOST_S
    publisher.flush()
    assert_sent(ada, *"01234")


@pytest.mark.one_database
def test_a_process_with_a_hung_redis_ends_in_time(ada, own_redis: RedisServer):
    code = (
        "import time, notify; before = time.monotonic();"
        f" [notify.send(to={ada.pk}, title=str(n)) for n in range({FIVE})];"
        " import atexit; atexit.register(lambda: print(time.monotonic() - before));"
        " print(time.monotonic() - before)"
    )
    own_redis.pause()
    try:
        took, ended = manage("shell", "-c", code, REDIS_URL=own_redis.url).split()[-2:]
    finally:
        own_redis.resume()
    assert float(took) < MOST_S
    assert float(ended) < MOST_S + 2
    assert_sent(ada, *"01234")
