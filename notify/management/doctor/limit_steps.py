"""Steps about limits: on sign-in attempts, and on what one request can do to others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from django.conf import settings
from django.shortcuts import resolve_url

from notify.management.doctor.findings import Advice, Weakness
from notify.management.doctor.http_client import GATEWAY_FAILURES, get, ordinary_path, path_of
from notify.management.doctor.target import Target

ATTEMPTS = 40
FORGED = 20  # further requests, with forged addresses
LIMITED = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FORBIDDEN}

# A redirect to the sign-in page quotes it twice (`%2522`), one that appends a slash once (`%22`).
# Django refuses to redirect to more than 16 KB.
LONG_QUERY = '"' * 3000
MAX_LONG_REQUESTS = 8  # each disables one process at most; few sites have more
MAX_RECOVERY_S = 30.0


def sign_in(target: Target) -> str:
    """Gets each sign-in form ATTEMPTS times at once, without a password: sequential requests might
    only be delayed by a limit. Raises Weakness or Advice."""
    refused = {
        path: sum(_are_refused(target, path, [{}] * ATTEMPTS))
        for path in _sign_in_forms(target)
        if get(target, path).status != HTTPStatus.NOT_FOUND
    }
    unlimited = [path for path, count in refused.items() if not count]
    method = f"{ATTEMPTS} simultaneous requests per form, without a password"
    if unlimited:
        paths = " and ".join(unlimited)
        raise Advice(
            f"{paths}: no rate limit found ({method}). Limit attempts by address in the proxy "
            f"(nginx: limit_req in a location for {paths}, as in deploy/nginx.conf). A limit by "
            "username, or on wrong passwords only, cannot be detected from outside"
        )
    if not refused:
        raise Advice("no sign-in form here. Check that the one elsewhere has a rate limit")
    if _is_limit_evaded(target, next(iter(refused))):
        raise Weakness(
            "the rate limit trusts X-Forwarded-For from any client: a new address in each request "
            "evades it. Trust it from your own load balancer only (nginx: set_real_ip_from)"
        )
    counts = ", ".join(f"{count} refused at {path}" for path, count in refused.items())
    return f"rate limited: {counts} ({method})"


def _sign_in_forms(target: Target) -> list[str]:
    found = [resolve_url(settings.LOGIN_URL), path_of(target, "admin:login")]
    # A form on another site (single sign-on) is not tried.
    return list(dict.fromkeys(path for path in found if path and path.startswith("/")))


def _are_refused(target: Target, path: str, headers: Sequence[dict[str, str]]) -> list[bool]:
    """Which of several simultaneous requests are refused; one per set of headers."""
    with ThreadPoolExecutor(len(headers)) as executor:
        responses = executor.map(lambda sent: get(target, path, sent), headers)
        return [response.status in LIMITED for response in responses]


def _is_limit_evaded(target: Target, path: str) -> bool:
    """Whether requests with forged addresses get through while others are refused."""
    forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(1, FORGED + 1)]
    refused = _are_refused(target, path, [*forged, *[{}] * ATTEMPTS])
    return any(refused[FORGED:]) and not any(refused[:FORGED])


def long_url(target: Target) -> str:
    """Gets pages whose redirect repeats a long query. If other requests then fail, waits until they
    succeed again. Raises Weakness or Advice."""
    urls = [f"{path}?{LONG_QUERY}" for path in _redirecting_paths(target)]
    responses = [get(target, url) for url in urls]
    failed = [
        url
        for url, response in zip(urls, responses, strict=True)
        if response.status in GATEWAY_FAILURES
    ]
    if not failed and not any(len(one.location) > len(LONG_QUERY) for one in responses):
        raise Advice("not examined: no page here repeats its query in a redirect")
    if not failed:
        return f"a redirect that repeats a query of {len(LONG_QUERY)} characters gets through"
    text = (
        f"{failed[0].partition('?')[0]} fails with a query of {len(LONG_QUERY)} characters, which "
        "its redirect repeats. Allow larger response headers in the proxy (nginx: "
        "proxy_buffer_size 32k; proxy_buffers 8 32k;)"
    )
    if _fails_for_others(target, failed[0]):
        text += (
            f". After at most {MAX_LONG_REQUESTS} such requests, all other requests failed: "
            "anybody can take the site down. Do not take a process out of service after one "
            "failed response (nginx: max_fails=0 for each server of the upstream)"
        )
    raise Weakness(text)


def _redirecting_paths(target: Target) -> list[str]:
    dashboard = path_of(target, "notify:dashboard") or "/"
    # The second redirects by APPEND_SLASH.
    paths = [dashboard, dashboard.rstrip("/") or None, path_of(target, "admin:index")]
    return [path for path in paths if path]


def _fails_for_others(target: Target, url: str) -> bool:
    """Whether ordinary requests fail after long ones."""
    for _ in range(MAX_LONG_REQUESTS):
        get(target, url)
        if _site_fails(target) and _site_fails(target):
            _wait_for_recovery(target)
            return True
    return False


def _site_fails(target: Target) -> bool:
    return get(target, ordinary_path(target)).status in GATEWAY_FAILURES


def _wait_for_recovery(target: Target) -> None:
    deadline = time.monotonic() + MAX_RECOVERY_S
    while time.monotonic() < deadline and any(_site_fails(target) for _ in range(3)):
        time.sleep(0.5)
