"""Limits: of attempts to sign in, and of what one request may do to others."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from django.conf import settings
from django.shortcuts import resolve_url

from notify.management.doctor.asking import GATEWAY_FAILURES, ask, ordinary_path, path_of
from notify.management.doctor.patient import Advice, Patient, Weak

ATTEMPTS = 40
FORGED = 20  # as many again come from made-up addresses
LIMITED = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FORBIDDEN}

# A redirect to the sign-in page quotes it twice, as `%2522`; one that appends a slash once, as
# `%22`. Django refuses to redirect to more than 16 KB.
LONG = '"' * 3000
ROUNDS = 8  # one process after the other: more than most have
BACK_WITHIN_S = 30.0


def sign_in(patient: Patient) -> str:
    """Gets each sign-in form ATTEMPTS times at once, without a password, as a limit may delay those
    that come one after the other. Raises Weak or Advice."""
    limited: dict[str, int] = {}
    unlimited: list[str] = []
    for path in _forms(patient):
        if ask(patient, path).status == HTTPStatus.NOT_FOUND:
            continue
        refused = sum(_are_refused(patient, path, [{}] * ATTEMPTS))
        if refused:
            limited[path] = refused
        else:
            unlimited.append(path)
    asked = f"{ATTEMPTS} requests at once for each form, without a password"
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
    found = ", ".join(f"{refused} refused at {path}" for path, refused in limited.items())
    return f"limited: {found} ({asked})"


def _forms(patient: Patient) -> list[str]:
    found = [resolve_url(settings.LOGIN_URL), path_of(patient, "admin:login")]
    # Without those of another site, which signs people in for this one.
    return list(dict.fromkeys(path for path in found if path and path.startswith("/")))


def _are_refused(patient: Patient, path: str, headers: Sequence[dict[str, str]]) -> list[bool]:
    """Of requests with these headers, made at once."""
    with ThreadPoolExecutor(len(headers)) as together:
        answers = together.map(lambda sent: ask(patient, path, sent), headers)
        return [answer.status in LIMITED for answer in answers]


def _address_is_chosen(patient: Patient, path: str) -> bool:
    """Whether requests with forged addresses get through among others that are refused."""
    forged = [{"X-Forwarded-For": f"192.0.2.{n}"} for n in range(1, FORGED + 1)]
    refused = _are_refused(patient, path, [*forged, *[{}] * ATTEMPTS])
    return any(refused[FORGED:]) and not any(refused[:FORGED])


def long_url(patient: Patient) -> str:
    """Gets pages whose redirect repeats a long query. Where that makes other requests fail, waits
    until they succeed again. Raises Weak or Advice."""
    urls = [f"{path}?{LONG}" for path in _redirecting(patient)]
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


def _redirecting(patient: Patient) -> list[str]:
    dashboard = path_of(patient, "notify:dashboard") or "/"
    # The second by APPEND_SLASH.
    paths = [dashboard, dashboard.rstrip("/") or None, path_of(patient, "admin:index")]
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
    return ask(patient, ordinary_path(patient)).status in GATEWAY_FAILURES


def _wait_until_back(patient: Patient) -> None:
    until = time.monotonic() + BACK_WITHIN_S
    while time.monotonic() < until and any(_site_fails(patient) for _ in range(3)):
        time.sleep(0.5)
