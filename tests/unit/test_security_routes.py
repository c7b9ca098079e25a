"""Every route there is, whoever added it: no change without the CSRF token, a strict policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

import notify
from notify.models import ApiToken, Batch, Notice, Notification, Preference

pytestmark = pytest.mark.django_db(transaction=True)

UNSUBSCRIBE = "/notify/unsubscribe/1/"  # the signed token of the link is the permission
UNSAFE = ("post", "put", "patch", "delete")
INLINE = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\sstyle=|\son\w+=")


def routes(patterns: list[Any] | None = None, prefix: str = "/") -> Iterator[str]:
    """A path of each route; what varies in it is filled in with 1."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + _filled_in(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path


def _filled_in(route: str) -> str:
    route = re.sub(r"\(\?P<url>.*", "x", route)  # the admin's route for what is none
    return re.sub(r"<[^>]+>|\(\?P<[^>]+>[^)]*\)", "1", route).strip("^$").replace("\\", "")


@pytest.fixture
def root(make_user):
    """May do everything, and has a notice, so that number 1 exists where it can."""
    user = make_user("root", is_staff=True, is_superuser=True)
    notify.send(to=user, title="T")
    return user


def state() -> list[Any]:
    return [
        list(model.objects.order_by("pk").values())
        for model in (Notice, Batch, Notification, ApiToken, Preference)
    ]


def test_the_walk_finds_what_there_is():
    found = set(routes())
    for path in (
        "/notify/", "/notify/test/", "/metrics", "/readyz", "/accounts/login/",
        "/admin/notify/notice/add/", "/api/notify/inbox/mark/", "/api/notify/notices/1/recall/",
    ):  # fmt: skip
        assert path in found, sorted(found)


@pytest.mark.parametrize("method", UNSAFE)
def test_no_route_changes_anything_without_the_csrf_token(root, method):
    client = Client(enforce_csrf_checks=True)
    client.force_login(root)
    before = state()
    for path in set(routes()):
        answer = getattr(client, method)(path, data={}, content_type="application/json")
        # 405: of the API's own pages, which know no such method.
        refused = {404, 405} if path == UNSUBSCRIBE else {403, 405}
        assert answer.status_code in refused, (method, path, answer.status_code)
    assert state() == before
    assert "_auth_user_id" in client.session  # not signed out either


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
def test_a_token_does_not_help_a_page_from_elsewhere(root, origin):
    client = Client(enforce_csrf_checks=True, headers={"Origin": origin})
    client.force_login(root)
    client.get("/admin/notify/notice/add/")
    token = client.cookies["csrftoken"].value
    for path in ("/notify/test/", "/api/notify/ticket/", "/accounts/logout/"):
        answer = client.post(path, headers={"X-CSRFToken": token})
        assert answer.status_code == 403, path


def test_every_page_has_a_policy_without_exceptions_and_nothing_that_needs_one(root, client):
    client.force_login(root)
    pages = 0
    for path in sorted(set(routes())):
        if "logout" in path:
            continue
        answer = client.get(path, follow=True)
        if path in {"/healthz", "/readyz"}:  # answered before anything else; no pages
            assert answer.headers["Content-Type"] == "application/json"
            continue
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        for directive in (
            "default-src 'self'", "object-src 'none'", "base-uri 'none'",
            "frame-ancestors 'none'", "form-action 'self'",
        ):  # fmt: skip
            assert directive in policy, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["X-Frame-Options"] == "DENY", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        if answer.headers["Content-Type"].startswith("text/html"):
            pages += 1
            html = answer.content.decode()
            assert not INLINE.search(html), (path, INLINE.search(html))
            assert "https://cdn" not in html, path
    assert pages > 20


def test_a_stranger_gets_no_page_but_those_for_signing_in(client, root):
    open_to_all = {
        "/accounts/login/", "/admin/login/", "/healthz", "/readyz",
        "/api/notify/docs", "/api/notify/openapi.json", "/admin/jsi18n/",
    }  # fmt: skip
    for path in set(routes()):
        answer = client.get(path)
        if answer.status_code == 200:
            assert path in open_to_all, path
        else:
            assert answer.status_code in {301, 302, 401, 403, 404, 405}, (path, answer.status_code)
