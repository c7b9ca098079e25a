"""What `manage.py serve` believes of a proxy: nothing without `--proxy-headers`. With it: the last
address, and the first scheme, as Django reads it. `Daphne-Root-Path` it never believes: the root
path is `--root-path`."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from twisted.web.http_headers import Headers

from notify.access.handshake import page_scheme, secure_proxy_header

logger = logging.getLogger(__name__)

_ROOT_PATH = b"daphne-root-path"
_PREFIX = b"x-forwarded-"
# As they are written in the log, which takes no name from a client.
_WRITTEN = {
    name.lower().encode(): name
    for name in (
        "Forwarded", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port",
        "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-User", "X-Forwarded-Email",
        "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
    )
}  # fmt: skip
_ANY_OTHER = "another X-Forwarded-…"


@dataclass(frozen=True, slots=True)
class ProxyHeaders:
    """Names of the trusted headers, from the command line. `address=None`: trust none."""

    address: str | None = None
    port: str | None = None
    scheme: str | None = None
    _logged: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def strip(self, headers: Headers) -> None:
        """Removes what a client may have written, before Daphne and the application read it."""
        headers.removeHeader(_ROOT_PATH)
        if self.address is None:
            names = [name.lower() for name, _ in headers.getAllRawHeaders()]
            dropped = [name for name in names if _is_by_a_proxy(name)]
            for name in dropped:
                headers.removeHeader(name)
            self._log({_written(name) for name in dropped} - self._logged)

    def _log(self, dropped: set[str]) -> None:
        """Each name once, as it is in every request; a sign-in proxy's user is missed otherwise."""
        if dropped:
            self._logged.update(dropped)
            logger.warning(
                "Dropped %s: start with --proxy-headers behind a proxy that overwrites it.",
                ", ".join(sorted(dropped)),
            )

    def apply(self, protocol: Any, scope: dict[str, Any]) -> None:
        """Puts address and scheme of the client into the scope; for Daphne's access log, the
        address into the protocol too. A missing or malformed value keeps the connection's own."""
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
    """Names of the Django settings that are on and read proxy headers."""
    names = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
    return [name for name in names if getattr(settings, name)]


def _is_by_a_proxy(name: bytes) -> bool:
    return name.startswith(_PREFIX) or name in _WRITTEN or _is_in_settings(name)


def _is_in_settings(name: bytes) -> bool:
    secure = secure_proxy_header()
    return secure is not None and name == secure[0]


def _written(name: bytes) -> str:
    if name in _WRITTEN:
        return _WRITTEN[name]
    return name.decode().title() if _is_in_settings(name) else _ANY_OTHER


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
