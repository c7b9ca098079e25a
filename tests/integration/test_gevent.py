"""Processes whose threads gevent has made greenlets: gunicorn -k gevent, Celery -P gevent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.contrib.auth.models import User

from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.redis import RedisServer
from tests.harness.server import PYTHON, ROOT, Server, environment
from tests.harness.sessions import session_cookie
from tests.harness.waiting import aeventually, deadline
from tests.integration.conftest import client_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]

SENDS = 15
# No sweep brings what the layer does not.
NEVER = {"NOTIFY_SWEEP_INTERVAL": "3600", "NOTIFY_WELCOME": "off"}
GUNICORN = (
    *(str(Path(sys.executable).with_name("gunicorn")), "-k", "gevent", "-b", "127.0.0.1:{port}"),
    "django.core.wsgi:get_wsgi_application()",
)

SENDER = """
from gevent import monkey
monkey.patch_all()
import django
django.setup()
import gevent
import notify
from django.contrib.auth import get_user_model
from django.db import connection
from notify.bus.publisher import publisher

users = get_user_model().objects
ada = users.get(username="ada")
users.create_user("bob").delete()  # a session check is published

def send(n):
    notify.send(to=ada, title=str(n))
    counted = users.count()
    connection.close()  # at the end of a task, as Celery does
    return counted

jobs = [gevent.spawn(send, n) for n in range(15)]
gevent.joinall(jobs, raise_error=True)
publisher.flush()
print({job.value for job in jobs}, publisher.failures)
"""


async def test_sends_and_the_orm_work_in_a_process_of_greenlets(
    start_server: StartServer, redis_server: RedisServer, ada: User
) -> None:
    variables = {**NEVER, "REDIS_URL": redis_server.url}
    server = start_server(**variables)
    async with await orm(client_of, server, ada) as client:
        await client.frame("hello")
        done = await asyncio.to_thread(
            subprocess.run,
            [PYTHON, "-c", SENDER],
            env=environment(**variables, DJANGO_SETTINGS_MODULE="config.settings"),
            cwd=ROOT, capture_output=True, text=True, timeout=deadline(60), check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "{1} 0\n"
        await aeventually(lambda: len(client.rows) == SENDS)


async def test_views_under_gunicorn_with_greenlets_send(
    start_server: StartServer, redis_server: RedisServer, ada: User
) -> None:
    variables = {**NEVER, "REDIS_URL": redis_server.url}
    server = start_server(**variables)
    pages: Server = start_server(
        command=GUNICORN,
        **variables,
        DJANGO_SETTINGS_MODULE="tests.integration.gevent_settings",
    )
    cookie = await orm(session_cookie, ada)
    async with (
        httpx.AsyncClient(base_url=pages.url, timeout=deadline(30)) as browser,
        await orm(client_of, server, ada) as client,
    ):
        await client.frame("hello")
        asked = [browser.get("/plain/", headers={"Cookie": cookie}) for _ in range(SENDS)]
        answers = [answer.status_code for answer in await asyncio.gather(*asked)]
        assert answers == [200] * SENDS
        await aeventually(lambda: len(client.rows) == SENDS)
    assert "SynchronousOnlyOperation" not in pages.log
    assert pages.terminate() == 0
