"""What the headers and the query string of a handshake say. It asks nobody."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest

from notify import conf

Scope = dict[str, Any]


def _request_of(scope: Scope) -> ASGIRequest:
    """The handshake as Django sees a request, so that its settings about proxies hold here too.

    Without what Django would decode, and raise at, though it says nothing here: the type of a body
    that a handshake has not, and the query string.
    """
    http = {**scope, "type": "http", "method": "GET", "query_string": b""}
    http["headers"] = [
        _of_a_page(name, value)
        for name, value in scope["headers"]
        if name.lower() != b"content-type"
    ]
    http["scheme"] = page_scheme(scope.get("scheme") or "ws")
    return ASGIRequest(http, BytesIO())


def _of_a_page(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Maps `wss` to the value that SECURE_PROXY_SSL_HEADER expects: for a handshake some proxies
    (Traefik) send `wss`, and Django compares exactly."""
    header_of_scheme = secure_proxy_header()
    if header_of_scheme is not None and name.lower() == header_of_scheme[0]:
        secure = header_of_scheme[1]
        if page_scheme(value.decode("latin-1")) == page_scheme(secure):
            return name, secure.encode("latin-1")
    return name, value


def page_scheme(said: str) -> str:
    """The scheme of a page from the same place: `https` for `wss`. Of a list it is the first, as
    in Django."""
    first = said.partition(",")[0].strip().lower()
    return {"wss": "https", "ws": "http"}.get(first, first)


def secure_proxy_header() -> tuple[bytes, str] | None:
    """The header that SECURE_PROXY_SSL_HEADER names, and what a proxy says there of https."""
    setting: Any = settings.SECURE_PROXY_SSL_HEADER
    if not setting:
        return None
    name, secure = setting
    return name.removeprefix("HTTP_").replace("_", "-").lower().encode(), secure


def origin_allowed(scope: Scope) -> bool:
    """Whether the handshake comes from a page of ours: scheme, host and port must be equal."""
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
    return _normal(origin) == _normal(own)


def _is_origin(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and value == f"{parts.scheme}://{parts.netloc}"
            and "@" not in parts.netloc
            and parts.port != 0  # asking for the port raises ValueError where it is none
        )
    except ValueError:
        return False


def _normal(origin: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(origin)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, port


def header(scope: Scope, name: bytes) -> str | None:
    """The one value of a header; None if it is absent, or ambiguous."""
    values = [value for key, value in scope["headers"] if key.lower() == name]
    return values[0].decode("latin-1") if len(values) == 1 else None


def ticket_of(scope: Scope) -> str | None:
    """The ticket that a handshake brings, in its header or in its query string."""
    scheme, _, value = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return query(scope).get("ticket")


def query(scope: Scope) -> dict[str, str]:
    """The query string, of each name the first value; nothing of one with more than 20 fields."""
    try:
        found = parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}


def session_cookie(scope: Scope) -> str | None:
    """The session's key; None for one that no session has, such as PostgreSQL would not take."""
    cookie = _request_of(scope).COOKIES.get(settings.SESSION_COOKIE_NAME)
    return cookie if cookie and cookie.isprintable() else None
