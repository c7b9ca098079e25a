"""Which application gets which scope. tests/integration/test_paths.py does it with servers."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from channels.testing import ApplicationCommunicator

from notify import asgi
from notify.asgi import NotifyApplication
from tests.unit.live.fakes import handshake_scope


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Which of the consumer, the HTTP application and the other sockets were called."""
    found: list[str] = []

    def listener(name: str) -> Any:
        async def application(scope: Any, receive: Any, send: Any) -> None:
            found.append(name)
            kind = "http.response.start" if scope["type"] == "http" else "websocket.close"
            await send({"type": kind})

        return application

    monkeypatch.setattr(asgi, "NotificationConsumer", lambda: listener("ours"))
    monkeypatch.setattr(asgi, "current_hub", lambda: None)
    return found, listener("http"), listener("theirs")


def scope_of(path: str, root_path: str = "", **fields: Any) -> dict[str, Any]:
    return handshake_scope() | {"path": path, "root_path": root_path} | fields


async def first_answer(application: Any, scope: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = await ApplicationCommunicator(application, scope).receive_output(30)
    return answer


SCRIPT_NAMES = [
    ("/ws/notify/", "", None),
    ("/app/ws/notify/", "/app", None),
    ("/ws/notify/", "/app", None),  # a proxy removed it
    ("/app/ws/notify/", "", "/app"),
    ("/ws/notify/", "", "/app"),
    ("/app/ws/notify/", "/app", "/app"),
    ("/ws/notify/", "", "/app/"),
]


@pytest.mark.parametrize(("path", "root_path", "forced"), SCRIPT_NAMES)
async def test_the_script_name_may_be_on_the_path_or_not(heard, settings, path, root_path, forced):
    found, http, theirs = heard
    settings.FORCE_SCRIPT_NAME = forced
    await first_answer(NotifyApplication(http, theirs), scope_of(path, root_path))
    assert found == ["ours"]


async def test_the_path_in_the_settings_is_compared_decoded_and_may_include_the_script_name(
    heard, settings
):
    found, http, _ = heard
    settings.NOTIFY_SOCKET_PATH = "/app/gl%C3%B6ckchen"
    for path in ("/app/glöckchen", "/glöckchen"):
        await first_answer(NotifyApplication(http), scope_of(path, "/app"))
    assert found == ["ours", "ours"]


@pytest.mark.parametrize("path", ["/", "/ws/notify", "/x/ws/notify/", "/app/ws/notify/", "/chat/"])
async def test_any_other_path_goes_to_the_sockets_of_the_project(heard, path):
    found, http, theirs = heard
    scope = scope_of(path, subprotocols=["chat"])
    await first_answer(NotifyApplication(http, theirs), scope)
    assert found == ["theirs"]


@pytest.mark.parametrize(("has_others", "subprotocols"), [(False, []), (True, ["notify.v1"])])
async def test_a_wrong_path_is_refused_and_logged_once_a_minute(
    heard, caplog, has_others, subprotocols
):
    found, http, theirs = heard
    application = NotifyApplication(http, theirs if has_others else None)
    with caplog.at_level(logging.WARNING, logger="notify.sockets"):
        for path in ("/x/ws/notify/\r\nforged", "/y/ws/notify/"):
            scope = scope_of(path, subprotocols=subprotocols)
            assert await first_answer(application, scope) == {"type": "websocket.close"}
    assert found == []
    [line] = caplog.messages
    assert 'No socket at "/x/ws/notify/\\r\\nforged": it is at /ws/notify/ here.' in line
    assert "--root-path" in line


async def test_a_plain_request_to_the_path_of_the_socket_is_answered_with_426(heard):
    found, http, _ = heard
    application = NotifyApplication(http)
    answer = await first_answer(application, scope_of("/ws/notify/", type="http", method="GET"))
    assert answer["status"] == 426
    assert (b"upgrade", b"websocket") in answer["headers"]
    await first_answer(application, scope_of("/ws/", type="http", method="GET"))
    assert found == ["http"]
