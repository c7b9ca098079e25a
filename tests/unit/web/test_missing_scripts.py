"""Reports of missing scripts. In a browser: tests/browser/test_first_aid.py."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import override_settings
from django.urls import set_script_prefix

from notify.web.missing_scripts import MissingScripts

PATH = "/static/notify/bell.min.js"


def answering(status: int) -> Any:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"its own", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    return MissingScripts(application)


async def ask(application: Any, path: str = PATH, method: str = "GET") -> tuple[int, bytes]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await application({"type": "http", "method": method, "path": path}, None, send)
    assert [one["type"] for one in sent].count("http.response.start") == 1
    return sent[0]["status"], b"".join(one["body"] for one in sent[1:])


@pytest.fixture(autouse=True)
def static_url(settings: Any) -> None:
    settings.STATIC_URL = "/static/"
    settings.DEBUG = True


async def test_with_debug_a_missing_script_is_replaced_by_one_that_names_the_cure() -> None:
    status, body = await ask(answering(404))
    assert status == 200
    assert body.startswith(b"console.error(\"notify's scripts are missing:")
    assert b"collectstatic" in body
    assert b"its own" not in body


@pytest.mark.parametrize("path", ["/app/static/notify/bell.min.js", "/static/notify/bell.min.js"])
async def test_a_relative_static_url_gets_the_script_name_from_django_alone(
    path: str, settings: Any
) -> None:
    """It keeps what it gets first: read before Django's handler, it would have none for ever."""
    settings.FORCE_SCRIPT_NAME = "/app"
    with override_settings(STATIC_URL="static/"):

        async def application(scope: Any, receive: Any, send: Any) -> None:
            set_script_prefix("/app/")
            assert django_settings.STATIC_URL == "/app/static/"
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        status, body = await ask(MissingScripts(application), path)
    assert status == 200
    assert body.startswith(b"console.error(")


async def test_other_scopes_are_passed_on() -> None:
    heard: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        heard.append(scope)

    await MissingScripts(application)({"type": "channel", "channel": "thumbnails"}, None, None)
    assert heard == [{"type": "channel", "channel": "thumbnails"}]


async def test_a_path_cannot_forge_a_log_line(caplog: Any) -> None:
    await ask(answering(404), "/static/notify/x\n2026-12-01 CRITICAL root: forged.js")
    [record] = caplog.records
    assert "\n" not in record.getMessage()


async def test_without_debug_the_answer_is_unchanged(settings: Any) -> None:
    settings.DEBUG = False
    assert await ask(answering(404)) == (404, b"its own")


@pytest.mark.parametrize(
    ("status", "path", "method"),
    [
        (200, PATH, "GET"),
        (304, PATH, "GET"),
        (404, PATH, "HEAD"),
        (404, "/static/shop/bell.js", "GET"),
        (404, "/static/notify/bell.css", "GET"),
        (404, "/notify/", "GET"),
    ],
)
async def test_any_other_answer_is_unchanged(status: int, path: str, method: str) -> None:
    assert await ask(answering(status), path, method) == (status, b"its own")


async def test_a_path_cannot_inject_a_script() -> None:
    _, body = await ask(answering(404), '/static/notify/");alert(1);//</script>.js')
    assert b'\\");alert(1)' in body


async def test_missing_scripts_are_logged_once(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.DEBUG = False
    application = answering(404)
    with caplog.at_level(logging.WARNING, "notify"):
        await ask(application)
        await ask(application, "/static/notify/elements.min.js")
    (line,) = caplog.messages
    assert line.startswith(
        'notify\'s scripts are missing: "/static/notify/bell.min.js" returned 404'
    )


async def test_static_files_of_another_host_are_not_reported(settings: Any) -> None:
    settings.STATIC_URL = "https://static.example/"
    assert await ask(answering(404)) == (404, b"its own")
