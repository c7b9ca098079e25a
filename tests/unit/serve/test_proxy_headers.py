"""The proxy headers that `serve` trusts."""

from types import SimpleNamespace
from typing import Any

import pytest
from twisted.web.http_headers import Headers

from notify.serve import proxy_headers
from notify.serve.proxy_headers import ProxyHeaders

PROXY = ProxyHeaders("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto")
BY_PROXIES = [
    "Forwarded", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port",
    "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-Ssl",
]  # fmt: skip


def kept(proxy: ProxyHeaders, *names: str) -> set[bytes]:
    headers = Headers({name: ["x", "y"] for name in names})
    proxy.strip(headers)
    return {name.lower() for name, _ in headers.getAllRawHeaders()}


def applied(proxy: ProxyHeaders = PROXY, type_: str = "websocket", **said: Any) -> dict[str, Any]:
    """The scope after `apply`. The address that Daphne logs must be the same."""
    headers = [
        (name.replace("_", "-").encode(), value.encode())
        for name, values in said.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    client = ["10.0.0.1", 1234]
    protocol = SimpleNamespace(client_addr=client)
    scope: dict[str, Any] = {"type": type_, "client": client, "headers": headers}
    proxy.apply(protocol, scope)
    assert protocol.client_addr == scope["client"]
    return scope


def test_without_a_proxy_nobody_reads_what_one_would_write() -> None:
    assert kept(ProxyHeaders(), "Host", "X-Request-ID", *BY_PROXIES) == {b"host", b"x-request-id"}


def test_without_a_proxy_the_header_that_the_settings_name_is_dropped(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_FRONT_END_HTTPS", "on")
    assert kept(ProxyHeaders(), "Front-End-Https", "Host") == {b"host"}
    assert kept(PROXY, "Front-End-Https") == {b"front-end-https"}


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    caplog.clear()
    return messages


def test_each_dropped_header_is_logged_once(
    caplog: pytest.LogCaptureFixture, settings: Any
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_FRONT_END_HTTPS", "on")
    cure = "start with --proxy-headers behind a proxy that overwrites it."
    proxy = ProxyHeaders()
    kept(proxy, "Host", "X-Forwarded-User", "Front-End-Https")
    assert logged(caplog) == [f"Dropped Front-End-Https, X-Forwarded-User: {cure}"]
    kept(proxy, "X-Forwarded-User", "X-Forwarded-Email")
    assert logged(caplog) == [f"Dropped X-Forwarded-Email: {cure}"]
    kept(proxy, "X-Forwarded-User", "X-Forwarded-Email", "Host")
    assert logged(caplog) == []


def test_a_header_name_that_a_client_chose_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    proxy = ProxyHeaders()
    for n in range(100):
        assert kept(proxy, f"X-Forwarded-{n}") == set()
    [line] = logged(caplog)
    assert line.startswith("Dropped another X-Forwarded-…: ")


def test_a_header_that_is_kept_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    kept(PROXY, *BY_PROXIES)
    kept(ProxyHeaders(), "Host", "Daphne-Root-Path")
    assert logged(caplog) == []


def test_behind_a_proxy_its_headers_reach_the_application() -> None:
    assert kept(PROXY, *BY_PROXIES) == {name.lower().encode() for name in BY_PROXIES}


@pytest.mark.parametrize("proxy", [ProxyHeaders(), PROXY])
def test_the_root_path_header_is_always_dropped(proxy: ProxyHeaders) -> None:
    assert kept(proxy, "Daphne-Root-Path") == set()


def test_without_a_proxy_the_scope_is_the_connections_own() -> None:
    said = {"x_forwarded_for": "192.0.2.9", "x_forwarded_proto": "https"}
    scope = applied(ProxyHeaders(), **said)
    assert scope["client"] == ["10.0.0.1", 1234]
    assert "scheme" not in scope


@pytest.mark.parametrize("type_", ["http", "websocket"])
@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("192.0.2.9", "192.0.2.9"),
        ("203.0.113.7, 192.0.2.9", "192.0.2.9"),  # the client wrote the first
        ("203.0.113.7,,192.0.2.9 ", "192.0.2.9"),
        (["203.0.113.7", "192.0.2.9"], "192.0.2.9"),  # two lines
        ("192.0.2.9:4711", "192.0.2.9"),
        ("2001:DB8::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
        ("203.0.113.7, unknown", "10.0.0.1"),
        ('192.0.2.9" 200 "', "10.0.0.1"),
        ("fe80::1%x y", "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
def test_the_address_is_the_one_that_the_nearest_proxy_wrote(
    type_: str, said: Any, address: str
) -> None:
    assert applied(type_=type_, x_forwarded_for=said)["client"][0] == address


@pytest.mark.parametrize(
    ("said", "port"), [("4711", 4711), ("1, 2", 2), ("x", 0), ("-1", 0), ("9" * 5000, 0), ("²", 0)]
)
def test_the_port_is_a_number_or_none(said: str, port: int) -> None:
    scope = applied(x_forwarded_for="192.0.2.9", x_forwarded_port=said)
    assert scope["client"] == ["192.0.2.9", port]


def test_the_address_may_be_in_another_header() -> None:
    proxy = ProxyHeaders("X-Real-IP", "X-Forwarded-Port", "X-Forwarded-Proto")
    said = {"x_real_ip": "192.0.2.9", "x_forwarded_for": "203.0.113.7"}
    assert applied(proxy, **said)["client"] == ["192.0.2.9", 0]


@pytest.mark.parametrize(
    ("said", "of_a_page", "of_a_socket"),
    [
        ("https", "https", "wss"),
        ("wss", "https", "wss"),
        ("HTTPS", "https", "wss"),
        ("https, http", "https", "wss"),
        ("http", "http", "ws"),
        ("ws", "http", "ws"),
        ("gopher", None, None),
        ("", None, None),
    ],
)
def test_the_scheme_fits_the_type_of_the_scope(
    said: str, of_a_page: str | None, of_a_socket: str | None
) -> None:
    assert applied(type_="http", x_forwarded_proto=said).get("scheme") == of_a_page
    assert applied(type_="websocket", x_forwarded_proto=said).get("scheme") == of_a_socket


def test_the_enabled_proxy_settings_are_named(settings: Any) -> None:
    assert proxy_headers.enabled_proxy_settings() == []
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.USE_X_FORWARDED_HOST = True
    assert proxy_headers.enabled_proxy_settings() == [
        "SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST",
    ]  # fmt: skip
