"""Guesses at a password, through real processes and all at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle

import httpx
import pytest
from axes.models import AccessAttempt

from config import attempts, known_browser
from tests.conftest import PASSWORD, StartServer
from tests.harness.server import SERVE, Server
from tests.harness.waiting import deadline

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 24  # each holds a connection while its password is hashed


@pytest.fixture
def servers(start_server: StartServer) -> list[Server]:
    return [start_server(command=SERVE, DATABASE_POOL=str(AT_ONCE)) for _ in range(2)]


def sign_in(
    server: Server, password: str, cookie: str | None = None, form: str = "/accounts/login/"
) -> httpx.Response:
    with httpx.Client(base_url=server.url, timeout=deadline(30)) as browser:
        if cookie is not None:
            browser.cookies[known_browser.cookie_name()] = cookie
        browser.get(form)
        token = {"X-CSRFToken": browser.cookies["csrftoken"], "Origin": server.url}
        return browser.post(form, data={"username": "ada", "password": password}, headers=token)


def test_processes_share_one_count_and_look_at_no_more_passwords_when_many_come_at_once(
    make_user, servers
):
    make_user("ada", is_staff=True)
    known = sign_in(servers[0], PASSWORD).cookies[known_browser.cookie_name()]
    doors = zip(range(AT_ONCE), cycle(servers), cycle(["/accounts/login/"] * 2 + ["/admin/login/"]))

    with ThreadPoolExecutor(AT_ONCE) as strangers:
        told = strangers.map(lambda door: sign_in(door[1], "guess", form=door[2]), doors)
        statuses = Counter(answer.status_code for answer in told)

    assert statuses == {200: attempts.LIMIT, 429: AT_ONCE - attempts.LIMIT}
    for server in servers:
        waits = sign_in(server, PASSWORD)
        assert waits.status_code == 429
        assert 0 < int(waits.headers["Retry-After"]) <= attempts.PERIOD.total_seconds()
        assert sign_in(server, PASSWORD, cookie=known).status_code == 302

    for row in AccessAttempt.objects.all():
        AccessAttempt.objects.filter(pk=row.pk).update(
            attempt_time=row.attempt_time - attempts.PERIOD
        )
    assert sign_in(servers[1], PASSWORD).status_code == 302
