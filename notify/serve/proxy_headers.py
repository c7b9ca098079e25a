"""The proxy headers that `manage.py serve` trusts: none without `--proxy-headers`. With it, the
last address, and the first scheme, as Django does. `Daphne-Root-Path` is never trusted: the root
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
# Their names in the log, which never contains a name that a client chose.
_LOG_NAMES = {
    name.lower().encode(): name
    for name in (
        "Forwarded", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port",
        "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-User", "X-Forwarded-Email",
        "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
    )
}  # fmt: skip
_OTHER_NAME = "another X-Forwarded-…"


@dataclass(frozen=True, slots=True)
class ProxyHeaders:
    """The names of the trusted headers, from the command line; none if `address` is None."""

    address: str | None = None
    port: str | None = None
    scheme: str | None = None
    _logged: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def strip(self, headers: Headers) -> None:
        """Removes the headers that a client may have forged, before Daphne and the application read
        them."""
        headers.removeHeader(_ROOT_PATH)
        if self.address is None:
            names = [name.lower() for name, _ in headers.getAllRawHeaders()]
            dropped = [name for name in names if _is_proxy_header(name)]
            for name in dropped:
                headers.removeHeader(name)
            self._log({_log_name(name) for name in dropped} - self._logged)

    def _log(self, dropped: set[str]) -> None:
        """Logs each name once, because every request has it. Without this line it would be hard to
        see why the user header of a sign-in proxy does not arrive."""
        if dropped:
            self._logged.update(dropped)
            logger.warning(
                "Dropped %s: start with --proxy-headers behind a proxy that overwrites it.",
                ", ".join(sorted(dropped)),
            )

    def apply(self, protocol: Any, scope: dict[str, Any]) -> None:
        """Sets the client's address and scheme in the scope, and the address in the protocol, for
        Daphne's access log. Where a value is missing or malformed, the connection's own stays."""
        if self.address is None:
            return
        if address := _address(_last(scope, self.address)):
            port = _last(scope, self.port)
            is_port = port.isascii() and port.isdecimal() and len(port) <= 5
            protocol.client_addr = scope["client"] = [address, int(port) if is_port else 0]
        scheme = page_scheme(",".join(_values(scope, self.scheme)))
        if scheme in {"http", "https"}:
            is_socket = scope["type"] == "websocket"
            scope["scheme"] = scheme.replace("http", "ws") if is_socket else scheme


def enabled_proxy_settings() -> list[str]:
    """The names of those Django settings that are on and read proxy headers."""
    names = ("SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT")
    return [name for name in names if getattr(settings, name)]


def _is_proxy_header(name: bytes) -> bool:
    return name.startswith(_PREFIX) or name in _LOG_NAMES or _is_in_settings(name)


def _is_in_settings(name: bytes) -> bool:
    secure = secure_proxy_header()
    return secure is not None and name == secure[0]


def _log_name(name: bytes) -> str:
    if name in _LOG_NAMES:
        return _LOG_NAMES[name]
    return name.decode().title() if _is_in_settings(name) else _OTHER_NAME


def _values(scope: dict[str, Any], name: str | None) -> list[str]:
    encoded = (name or "").lower().encode()
    return [value.decode("latin-1") for key, value in scope["headers"] if key == encoded]


def _last(scope: dict[str, Any], name: str | None) -> str:
    """The last entry, written by the nearest proxy: the entries before it came with the request."""
    return ",".join(_values(scope, name)).rpartition(",")[2].strip()


def _address(value: str) -> str | None:
    """The IP address, without the port and the brackets of some proxies; None if it is invalid."""
    host = value
    if value.startswith("["):
        host = value[1:].partition("]")[0]
    elif value.count(":") == 1:
        host = value.partition(":")[0]
    try:
        found = ip_address(host)
    except ValueError:
        return None
    return None if "%" in host else str(found)  # a zone may be any text
