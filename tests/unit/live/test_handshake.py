"""What a handshake says: whose page it comes from, and its query string."""

from typing import Any

import pytest

from notify.live import handshake
from tests.unit.live.fakes import handshake_scope as scope


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        ("http://testserver", "testserver", True),
        ("http://testserver:80", "testserver", True),
        ("http://TESTSERVER", "testserver", True),
        ("https://testserver", "testserver", False),
        ("http://testserver:8000", "testserver", False),
        ("http://testserver", "testserver:8000", False),
        ("http://testserver.evil.example", "testserver", False),
        ("http://evil.example", "testserver", False),
        ("null", "testserver", False),
        ("", "testserver", False),
        ("http://testserver/path", "testserver", False),
        ("http://user@testserver", "testserver", False),
        ("http://testserver:port", "testserver", False),
        ("http://[", "testserver", False),
        ("http://evil.example", "evil.example", False),  # no host of ours: DNS rebinding
    ],
)
def test_the_origin_must_be_ours(origin: str, host: str, allowed: bool) -> None:
    assert handshake.origin_allowed(scope(origin=origin, host=host)) is allowed


def test_the_scheme_is_the_one_that_the_proxy_names(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    behind = {"origin": "https://testserver", "x-forwarded-proto": "https"}
    assert handshake.origin_allowed(scope(**behind))
    assert not handshake.origin_allowed(scope(**behind | {"origin": "http://testserver"}))


def test_two_origins_are_none() -> None:
    twice = scope()
    twice["headers"].append((b"origin", b"http://testserver"))
    assert not handshake.origin_allowed(twice)


def test_other_origins_are_allowed_by_setting(settings: Any) -> None:
    settings.NOTIFY_ALLOWED_ORIGINS = ["https://App.example.org/"]
    assert handshake.origin_allowed(scope(origin="https://app.example.org"))
    assert not handshake.origin_allowed(scope(origin="https://app.example.org:444"))


def test_a_query_with_too_many_fields_says_nothing() -> None:
    assert handshake.query({"query_string": b"&".join([b"ticket=x"] * 30)}) == {}
