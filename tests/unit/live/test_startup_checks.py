"""What a process logs of Django's checks when it starts."""

import asyncio
import threading
from typing import Any

import pytest
from django.db import InterfaceError

from notify.live.database_thread import DatabaseThread
from notify.live.hub import Hub
from notify.live.pool import DatabasePool
from notify.live.startup_checks import log_checks
from tests.harness.waiting import aeventually


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_away", [False, True])
async def test_the_checks_are_logged_whether_the_database_answers_or_not(
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    is_away: bool,
) -> None:
    settings.NOTIFY_PING_INTERVAL = 70

    async def away(*args: object, **options: object) -> None:
        raise InterfaceError("the connection is closed")

    hub = Hub(asyncio.get_running_loop())
    if is_away:
        monkeypatch.setattr(hub.pool, "run", away)
    hub.start()
    await aeventually(lambda: "notify.W003: NOTIFY_PING_INTERVAL" in caplog.text)
    await hub.stop()


@pytest.mark.django_db(transaction=True)
async def test_a_check_that_fails_is_logged_and_the_others_run(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.NOTIFY_PING_INTERVAL = 70
    settings.CHANNEL_LAYERS = {}
    settings.ALLOWED_HOSTS = ["*"]
    settings.MIDDLEWARE = []
    settings.ROOT_URLCONF = "no_such_urls"
    pool = DatabasePool(1, "test", 10)
    await log_checks(pool)
    assert "check_probes failed: ModuleNotFoundError" in caplog.text
    for found in ("notify.W001", "notify.W003", "notify.W007"):
        assert f"{found}: " in caplog.text
    await pool.close()


@pytest.mark.django_db(transaction=True)
async def test_the_urlconf_is_imported_neither_in_a_database_thread_nor_in_the_event_loop(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MIDDLEWARE = []
    threads: list[threading.Thread] = []
    monkeypatch.setattr(
        "notify.checks.site._has_probes", lambda: threads.append(threading.current_thread())
    )
    pool = DatabasePool(1, "test", 10)
    await log_checks(pool)
    [thread] = threads
    assert thread is not threading.current_thread()
    assert not isinstance(thread, DatabaseThread)
    await pool.close()
