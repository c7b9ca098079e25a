"""Steps about headers and probes: forged proxy headers, HSTS, access to /readyz and /metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from notify.management.doctor.findings import Advice, Weakness
from notify.management.doctor.http_client import (
    Response,
    get,
    ordinary_path,
    path_of,
    try_handshake,
)
from notify.management.doctor.target import FOREIGN_HOST, Target
from notify.models.permissions import VIEW_OPERATIONS

# Headers that only a proxy may set: the value sent here, and the one that nginx must set instead.
# A process that trusts one responds differently: the Origin does not match, the host is not
# allowed, or the path is another. No response shows the client's address; but the one sent here is
# not UTF-8, and Daphne fails to decode it.
PROXY_HEADERS = {
    "X-Forwarded-Proto": ("http", "$scheme"),
    "X-Forwarded-Host": (FOREIGN_HOST, '""'),
    "X-Forwarded-For": ("\xff", "$remote_addr"),
    "Forwarded": (f"for=192.0.2.1;host={FOREIGN_HOST};proto=http", '""'),
    "Daphne-Root-Path": (None, '""'),  # the first segment of the requested path
}
CONTROL = "X-Notify-Doctor"  # a header that no process reads


def proxy_headers(target: Target) -> str:
    """Sends each of PROXY_HEADERS with a request and with a handshake. Raises Weakness."""
    path = ordinary_path(target)
    requests: list[tuple[str, Callable[[Mapping[str, str]], Response]]] = [
        (path, lambda sent: get(target, path, sent)),
        (target.socket_path, lambda sent: try_handshake(target, sent)),
    ]
    trusted = [
        name for name in PROXY_HEADERS if any(_is_trusted(name, *request) for request in requests)
    ]
    if not trusted:
        return f"{', '.join(PROXY_HEADERS)} have no effect when a client sends them"
    lines = " ".join(f"proxy_set_header {name} {PROXY_HEADERS[name][1]};" for name in trusted)
    raise Weakness(
        f"trusted from any client: {', '.join(trusted)}. Overwrite them in the proxy (nginx: "
        f"{lines}); without a proxy, leave BEHIND_PROXY and --proxy-headers off"
    )


def _is_trusted(name: str, path: str, send: Callable[[Mapping[str, str]], Response]) -> bool:
    """Whether responses differ with this header; tried twice, as one may differ by chance."""
    value = PROXY_HEADERS[name][0] or f"/{path.split('/')[1]}"
    return all(send({CONTROL: value}).outcome != send({name: value}).outcome for _ in range(2))


def probes(target: Target) -> str:
    """Requests /readyz and /metrics, which should not be public. Raises Weakness or Advice."""
    responses = {
        path: get(target, path)
        for path in (
            path_of(target, "notify-probes:readyz"),
            path_of(target, "notify-probes:metrics"),
        )
        if path
    }
    reached = {
        path: response.status for path, response in responses.items() if _is_from_notify(response)
    }
    if not reached:
        return f"not public: {', '.join(responses) or 'this project has none'}"
    shown = " and ".join(f"{path} ({status})" for path, status in reached.items())
    lines = " ".join(f"location = {path} {{ return 404; }}" for path in reached)
    refused = all(status == HTTPStatus.FORBIDDEN for status in reached.values())
    raise (Advice if refused else Weakness)(
        f"public: {shown}. Block them in the proxy (nginx: {lines}), and probe each process at its "
        "own port"
    )


def _is_from_notify(response: Response) -> bool:
    """Whether this is a response of `notify.web`: /readyz mentions the sweep, and /metrics has
    figures or the permission that it requires."""
    return any(text in response.body for text in ('"sweep"', VIEW_OPERATIONS, "# HELP "))


def hsts(target: Target) -> str:
    """Checks HSTS on all responses, including those of the proxy. Raises Advice."""
    path = ordinary_path(target)
    if not _has_hsts(get(target, path)):
        raise Advice(
            f"{path} has no Strict-Transport-Security. Set SECURE_HSTS_SECONDS, so that browsers "
            "no longer use http"
        )
    refused = get(target, "/%00")  # nginx itself responds
    if not _has_hsts(refused):
        raise Advice(
            f"the pages have Strict-Transport-Security, but the proxy's own {refused.status} does "
            "not. Add it there too (nginx: add_header "
            'Strict-Transport-Security "max-age=31536000" always;)'
        )
    return "present on pages, and on the proxy's own responses"


def _has_hsts(response: Response) -> bool:
    return bool(response.header("Strict-Transport-Security"))
