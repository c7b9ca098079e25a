"""One person searches a big inbox, over and over: others' pages are answered meanwhile."""

from __future__ import annotations

import asyncio
from collections import Counter

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connection

import notify
from notify.inbox import reading
from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.server import SERVE
from tests.harness.sessions import session_cookie
from tests.harness.waiting import deadline

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.one_database,
]

NOTICES = 3 * reading.SEARCHED_ROWS
AT_ONCE = 40


def fill(user: User) -> None:
    """So many notices of 4,000 characters, newer than the one that is there."""
    notify.send(to=user, title="the oldest one")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notify_notice (sender, actor_name, kind, category, level, title, body,"
            " url, actions, data, created, fingerprint)"
            " SELECT '', '', '', '', 'info', 'n ' || n, repeat(md5(n::text), 125), '', '[]', '{}',"
            " now(), '' FROM generate_series(1, %s) n",
            [NOTICES],
        )
        cursor.execute(
            "INSERT INTO notify_notification (user_id, notice_id, arrived, version, place)"
            " SELECT %s, id, n, n, 0 FROM (SELECT id, 1 + row_number() OVER (ORDER BY id) AS n"
            " FROM notify_notice WHERE title LIKE 'n %%') t",
            [user.pk],
        )
        cursor.execute("UPDATE notify_inbox SET version = %s", [NOTICES + 1])
        cursor.execute("ANALYZE")


def browser(url: str, user: User) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=url, headers={"Cookie": session_cookie(user)}, timeout=deadline(60)
    )


async def test_one_who_searches_a_big_inbox_makes_nobodys_page_fail(
    start_server: StartServer, ada: User, bob: User
) -> None:
    await orm(fill, bob)
    server = start_server(command=SERVE, DATABASE_POOL="20")
    bobs, adas = await orm(browser, server.url, bob), await orm(browser, server.url, ada)
    query = {"q": "no such words"}
    async with bobs, adas:
        searches = [
            asyncio.create_task(bobs.get(path, params=query))
            for path in ["/api/notify/inbox/", "/notify/"] * (AT_ONCE // 2)
        ]
        statuses: set[int] = set()
        while not all(search.done() for search in searches):
            for path in ("/notify/", "/api/notify/inbox/", "/api/notify/inbox/?q=welcome"):
                statuses.add((await adas.get(path)).status_code)
        answers = [await search for search in searches]
    assert statuses == {200}
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) == {200, 429}, codes
    assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)
    assert "Traceback" not in server.log


async def test_what_is_older_is_found_page_by_page(start_server: StartServer, ada: User) -> None:
    await orm(fill, ada)
    server = start_server(command=SERVE)
    async with await orm(browser, server.url, ada) as adas:
        pages, query = [], {"q": "the oldest one"}
        while "before" not in query or query["before"] is not None:
            answer = (await adas.get("/api/notify/inbox/", params=query)).json()
            pages.append([row["title"] for row in answer["notifications"]])
            query["before"] = answer["next"]
    assert pages == [[], [], [], ["the oldest one"]]
