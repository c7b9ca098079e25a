from __future__ import annotations

import socket

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from notify.management.doctor.error_texts import error_text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (socket.gaierror(-2, "Name or service not known"), "does not resolve (Name or service"),
        (TimeoutError(), "no response in time"),
        (ConnectionRefusedError(), "Check that a server listens"),
        (OSError("no route to host"), "no route to host"),
        (KeyError("surprise"), "KeyError('surprise')"),
    ],
)
def test_an_error_of_the_network_says_what_to_check(error: Exception, text: str) -> None:
    assert text in error_text(error)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (403, "NOTIFY_ALLOWED_ORIGINS"),
        (426, "does not forward Upgrade"),
        (502, "reaches no process"),
        (418, "expected 101"),
    ],
)
def test_a_status_instead_of_a_socket_says_what_to_check(status: int, text: str) -> None:
    found = error_text(InvalidStatus(Response(status, "", Headers())))
    assert found.startswith(f"HTTP {status}: ")
    assert text in found
