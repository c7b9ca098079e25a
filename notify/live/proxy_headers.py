"""What `manage.py serve` believes of a proxy: nothing without `--proxy-headers`, else what the
nearest one wrote. `Daphne-Root-Path` it never believes: the root path is `--root-path`."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from twisted.web.http_headers import Headers

from notify.live.handshake import page_scheme, secure_proxy_header

_ROOT_PATH = b"daphne-root-path"
_BY_PROXIES = {b"forwarded", b"x-real-ip"}
_PREFIX = b"x-forwarded-"


@dataclass(frozen=True, slots=True)
class ProxyHeaders:
    """Names of the headers that are read, as on the command line; without `address`, of none."""

    address: str | None = None
    port: str | None = None
    scheme: str | None = None

    def strip(self, headers: Headers) -> None:
        """Removes what a client may have written, before Daphne and the application read it."""
        headers.removeHeader(_ROOT_PATH)
        if self.address is None:
            for name in [name.lower() for name, _ in headers.getAllRawHeaders()]:
                if _is_by_a_proxy(name):
                    headers.removeHeader(name)

    def apply(self, protocol: Any, scope: dict[str, Any]) -> None:
        """Puts address and scheme of the client into the scope; for Daphne's access log, the
        address into the protocol too. What says neither leaves the connection's own."""
        if self.address is None:
            return
        if address := _address(_last(scope, self.address)):
            port = _last(scope, self.port)
            is_port = port.isascii() and port.isdecimal() and len(port) <= 5
            protocol.client_addr = scope["client"] = [address, int(port) if is_port else 0]
        scheme = page_scheme(",".join(_values(scope, self.scheme)))
        if scheme in {"http", "https"}:
            of_socket = scope["type"] == "websocket"
            scope["scheme"] = scheme.replace("http", "ws") if of_socket else scheme


def expected_by_settings() -> list[str]:
    """Django's settings that want a proxy, for a process that believes none."""
    names = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
    return [name for name in names if getattr(settings, name)]


def _is_by_a_proxy(name: bytes) -> bool:
    secure = secure_proxy_header()
    return (
        name.startswith(_PREFIX)
        or name in _BY_PROXIES
        or (secure is not None and name == secure[0])
    )


def _values(scope: dict[str, Any], name: str | None) -> list[str]:
    wanted = (name or "").lower().encode()
    return [value.decode("latin-1") for key, value in scope["headers"] if key == wanted]


def _last(scope: dict[str, Any], name: str | None) -> str:
    """The last entry, which is of the nearest proxy: those before it came with the request."""
    return ",".join(_values(scope, name)).rpartition(",")[2].strip()


def _address(said: str) -> str | None:
    """The address, which some proxies write with its port and in brackets; None for no address."""
    host = said
    if said.startswith("["):
        host = said[1:].partition("]")[0]
    elif said.count(":") == 1:
        host = said.partition(":")[0]
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return None if "%" in host else str(found)  # a zone may be any text
