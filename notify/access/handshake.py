"""The headers and the query string of a handshake. Nothing here does I/O."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest

from notify import conf

Scope = dict[str, Any]


def origin_allowed(scope: Scope) -> bool:
    """Whether the `Origin` header names a page of this site: scheme, host and port must be equal.
    Origins in NOTIFY_ALLOWED_ORIGINS are allowed too."""
    origin = header(scope, b"origin")
    if origin is None or not _is_origin(origin):
        return False
    if origin.lower() in conf.current().allowed_origins:
        return True
    request = _request_of(scope)
    try:
        own = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return False
    return _origin_parts(origin) == _origin_parts(own)


def header(scope: Scope, name: bytes) -> str | None:
    """The value of a header; None if it is absent or comes more than once."""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def query(scope: Scope) -> dict[str, str]:
    """The fields of the query string, the first value of each; none if there are more than 20."""
    try:
        found = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def ticket_of(scope: Scope) -> str | None:
    """The ticket, from the `Authorization` header or the query string."""
    scheme, _, value = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return query(scope).get("ticket")


def session_cookie(scope: Scope) -> str | None:
    """The session key from the cookie. None if it has characters that no session key has, which
    PostgreSQL may refuse."""
    cookie = _request_of(scope).COOKIES.get(settings.SESSION_COOKIE_NAME)
    return cookie if cookie and cookie.isprintable() else None


def page_scheme(value: str) -> str:
    """The scheme of a page on the same server: `https` for `wss`. As in Django, the first of a
    comma-separated list counts."""
    first = value.partition(",")[0].strip().lower()
    return {"wss": "https", "ws": "http"}.get(first, first)


def secure_proxy_header() -> tuple[bytes, str] | None:
    """The header that SECURE_PROXY_SSL_HEADER names, and its value for HTTPS."""
    setting: Any = settings.SECURE_PROXY_SSL_HEADER
    if not setting:
        return None
    name, secure = setting
    return name.removeprefix("HTTP_").replace("_", "-").lower().encode(), secure


def _request_of(scope: Scope) -> ASGIRequest:
    """The handshake as a Django request, so that Django's proxy settings apply here too.

    Without the query string and the content type: Django would decode them, which may raise, and
    a handshake needs neither.
    """
    http = {**scope, "type": "http", "method": "GET", "query_string": b""}
    http["headers"] = [
        _with_page_scheme(name, value)
        for name, value in scope["headers"]
        if name.lower() != b"content-type"
    ]
    http["scheme"] = page_scheme(scope.get("scheme") or "ws")
    return ASGIRequest(http, BytesIO())


def _with_page_scheme(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Maps `wss` to the value that SECURE_PROXY_SSL_HEADER expects: for a handshake some proxies
    (Traefik) send `wss`, and Django compares exactly."""
    proxy_header = secure_proxy_header()
    if proxy_header is not None and name.lower() == proxy_header[0]:
        secure = proxy_header[1]
        if page_scheme(value.decode("latin-1")) == page_scheme(secure):
            return name, secure.encode("latin-1")
    return name, value


def _is_origin(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and value == f"{parts.scheme}://{parts.netloc}"
            and "@" not in parts.netloc
            and parts.port != 0  # raises ValueError for an invalid port
        )
    except ValueError:
        return False


def _origin_parts(origin: str) -> tuple[str, str | None, int | None]:
    """Scheme, host, and port with its default."""
    parts = urlsplit(origin)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port
