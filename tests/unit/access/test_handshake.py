"""The origin and the query string of a handshake."""

from typing import Any

import pytest

from notify.access import handshake
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


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ("https", True),
        ("wss", True),
        ("WSS", True),
        ("HTTPS", True),
        (" wss ", True),
        ("wss,ws", True),  # of a list the first, as for pages
        ("https, http", True),
        ("ws", False),
        ("http", False),
        ("ws,wss", False),
        ("http, https", False),
        ("wss.evil", False),
        ("", False),
    ],
)
def test_a_proxy_may_name_the_scheme_of_the_socket(settings: Any, said: str, allowed: bool) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    behind = {"x-forwarded-proto": said}
    assert handshake.origin_allowed(scope(**behind, origin="https://testserver")) is allowed
    assert handshake.origin_allowed(scope(**behind, origin="http://testserver")) is not allowed


@pytest.mark.parametrize(
    ("name", "secure", "said", "allowed"),
    [
        ("HTTP_X_SCHEME", "https", "wss", True),
        ("HTTP_X_SCHEME", "HTTPS", "HTTPS", True),
        ("HTTP_X_SCHEME", "HTTPS", "wss", True),
        ("HTTP_X_FORWARDED_SSL", "on", "on", True),
        ("HTTP_X_FORWARDED_SSL", "on", "off", False),
        ("HTTP_X_FORWARDED_SSL", "on", "wss", False),
    ],
)
def test_the_settings_may_name_any_header(
    settings: Any, name: str, secure: str, said: str, allowed: bool
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = (name, secure)
    header = name.removeprefix("HTTP_").replace("_", "-").lower()
    behind = {header: said, "origin": "https://testserver"}
    assert handshake.origin_allowed(scope(**behind)) is allowed
    assert not handshake.origin_allowed(scope(**behind | {header: "", "x-forwarded-proto": "wss"}))


def test_of_two_proxy_headers_the_first_counts_as_in_django(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    twice = scope(origin="https://testserver")
    twice["headers"] += [(b"x-forwarded-proto", one) for one in (b"wss", b"http")]
    assert handshake.origin_allowed(twice)
    twice["headers"][-2:] = reversed(twice["headers"][-2:])
    assert not handshake.origin_allowed(twice)


def test_without_the_setting_no_proxy_header_counts(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = None
    said = {"x-forwarded-proto": "wss", "origin": "https://testserver"}
    assert not handshake.origin_allowed(scope(**said))


def test_two_origins_are_none() -> None:
    twice = scope()
    twice["headers"].append((b"origin", b"http://testserver"))
    assert not handshake.origin_allowed(twice)


def test_other_origins_are_allowed_by_setting(settings: Any) -> None:
    settings.NOTIFY_ALLOWED_ORIGINS = ["https://App.example.org/"]
    assert handshake.origin_allowed(scope(origin="https://app.example.org"))
    assert not handshake.origin_allowed(scope(origin="https://app.example.org:444"))


def test_a_query_string_with_too_many_fields_is_ignored() -> None:
    assert handshake.query({"query_string": b"&".join([b"ticket=x"] * 30)}) == {}
