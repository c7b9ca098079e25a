from __future__ import annotations

from typing import Any

import pytest
from daphne.cli import CommandLineInterface

from notify.serve.cli import HANDSHAKE_TIMEOUT_S, MAX_MESSAGE_BYTES, ServeCommand
from notify.serve.requests import MAX_BODY_BYTES
from notify.serve.server import DrainingServer


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of the servers that would have been started."""
    found: list[list[str]] = []
    monkeypatch.setattr(CommandLineInterface, "run", lambda _, args: found.append(args))
    return found


def test_without_arguments_it_serves_the_project_with_limits(settings: Any) -> None:
    settings.ASGI_APPLICATION = "a_project.asgi.application"
    options = ServeCommand().parser.parse_args([])
    assert options.application == "a_project.asgi:application"
    assert options.websocket_connect_timeout == HANDSHAKE_TIMEOUT_S
    assert options.websocket_max_message_size == MAX_MESSAGE_BYTES
    assert options.websocket_max_frame_size == MAX_MESSAGE_BYTES
    assert options.http_max_body_size == MAX_BODY_BYTES


def test_the_server_is_ours_with_the_limit_of_bodies(started: list[list[str]]) -> None:
    command = ServeCommand()
    command.run(["--http-max-body-size", "5"])
    assert started == [["--http-max-body-size", "5"]]
    assert command.server_class.func is DrainingServer
    assert command.server_class.keywords == {"max_body_bytes": 5}


@pytest.mark.parametrize("arguments", [[], ["--proxy-headers"]])
def test_a_setting_that_expects_a_proxy_is_missed_in_the_log(
    started: list[list[str]],
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    arguments: list[str],
) -> None:
    settings.USE_X_FORWARDED_HOST = True
    ServeCommand().run(arguments)
    assert ("USE_X_FORWARDED_HOST expects a proxy" in caplog.text) is (arguments == [])
