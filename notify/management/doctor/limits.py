"""Limits: of attempts to sign in, and of what one request may do to others."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from django.conf import settings
from django.shortcuts import resolve_url

from notify.management.doctor.asking import GATEWAY_FAILURES, ask, ordinary_path, path_of
from notify.management.doctor.patient import Advice, Patient, Weak

ATTEMPTS = 40
AT_ONCE = 10
LIMITED = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FORBIDDEN}

# A redirect to the sign-in page quotes it twice, as `%2522`; one that appends a slash once, as
# `%22`. Django refuses to redirect to more than 16 KB.
LONG = '"' * 3000
ROUNDS = 8  # one process after the other: more than most have
BACK_WITHIN_S = 30.0


def sign_in(patient: Patient) -> str:
    """Gets each sign-in form up to ATTEMPTS times, without a password. Raises Weak or Advice."""
    limited: dict[str, int] = {}
    unlimited: list[str] = []
    for path in _forms():
        first = ask(patient, path).status
        if first == HTTPStatus.NOT_FOUND:
            continue
        n = 1 if first in LIMITED else _limited_after(patient, path, first)
        if n is None:
            unlimited.append(path)
        else:
            limited[path] = n
    asked = f"up to {ATTEMPTS} quick requests for each form, without a password"
    if unlimited:
        paths = " and ".join(unlimited)
        raise Advice(
            f"{paths}: no rate limit seen ({asked}). Limit attempts by address in the proxy "
            f"(nginx: limit_req, in a location of {paths}, as deploy/nginx.conf has it). A limit "
            "by name, or of wrong passwords only, cannot be seen from outside"
        )
    if not limited:
        raise Advice("no sign-in form here; see that the one elsewhere has a rate limit")
    if _address_is_chosen(patient, next(iter(limited))):
        raise Weak(
            "the limit of sign-ins believes a client's own X-Forwarded-For: with another address "
            "in each request there is none. Believe it of your own load balancer only (nginx: "
            "set_real_ip_from)"
        )
    found = ", ".join(f"{path} after {n}" for path, n in limited.items())
    return f"limited: {found} ({asked})"


def _forms() -> list[str]:
    found = [resolve_url(settings.LOGIN_URL), path_of("admin:login")]
    # Without those of another site, which signs people in for this one.
    return list(dict.fromkeys(path for path in found if path and path.startswith("/")))


def _limited_after(patient: Patient, path: str, usual: int) -> int | None:
    with ThreadPoolExecutor(AT_ONCE) as together:
        for n in range(AT_ONCE, ATTEMPTS + 1, AT_ONCE):
            answers = together.map(lambda _: ask(patient, path).status, range(AT_ONCE))
            if any(status in LIMITED and status != usual for status in answers):
                return n
    return None


def _address_is_chosen(patient: Patient, path: str) -> bool:
    """Whether a limited client gets through with a forged address, and only with it."""
    claims: list[dict[str, str]] = [{}, {"X-Forwarded-For": f"192.0.2.{time.time_ns() % 250}"}, {}]
    before, forged, after = (ask(patient, path, claim).status in LIMITED for claim in claims)
    return before and after and not forged


def long_url(patient: Patient) -> str:
    """Gets pages whose redirect repeats a long query. Where that makes other requests fail, waits
    until they succeed again. Raises Weak or Advice."""
    urls = [f"{path}?{LONG}" for path in _redirecting()]
    answers = [ask(patient, url) for url in urls]
    failed = [
        url for url, answer in zip(urls, answers, strict=True) if answer.status in GATEWAY_FAILURES
    ]
    if not failed and not any(len(answer.location) > len(LONG) for answer in answers):
        raise Advice("not seen: no page here repeats its query in a redirect")
    if not failed:
        return "a redirect that repeats it gets through"
    said = (
        f"{failed[0].partition('?')[0]} fails with a query of {len(LONG)} characters, which "
        "its redirect repeats. Have the proxy accept larger response headers (nginx: "
        "proxy_buffer_size 32k; proxy_buffers 8 32k;)"
    )
    if _fails_for_others(patient, failed[0]):
        said += (
            f". After {ROUNDS} such requests or fewer, all other requests failed: anybody can "
            "switch the site off. One failed answer must not take a process from the others "
            "(nginx: max_fails=0 for each server of the upstream)"
        )
    raise Weak(said)


def _redirecting() -> list[str]:
    dashboard = path_of("notify:dashboard") or "/"
    # The second by APPEND_SLASH.
    paths = [dashboard, dashboard.rstrip("/") or None, path_of("admin:index")]
    return [path for path in paths if path]


def _fails_for_others(patient: Patient, url: str) -> bool:
    """Whether ordinary requests fail after long ones; each disables one process at most."""
    for _ in range(ROUNDS):
        ask(patient, url)
        if _site_fails(patient) and _site_fails(patient):
            _wait_until_back(patient)
            return True
    return False


def _site_fails(patient: Patient) -> bool:
    return ask(patient, ordinary_path()).status in GATEWAY_FAILURES


def _wait_until_back(patient: Patient) -> None:
    until = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < until and any(_site_fails(patient) for _ in range(3)):
        time.sleep(0.5)
