"""Fixtures: callers of the API."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from notify.models import ApiToken
from notify.web import limits
from notify.web.api.ninja_api import api


@pytest.fixture(autouse=True)
def fresh_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are per process: each test starts with none used."""
    monkeypatch.setattr(limits, "requests", limits.RateLimit(limits.MAX_REQUESTS_PER_MINUTE))
    monkeypatch.setattr(limits, "tests", limits.RateLimit(limits.MAX_TESTS_PER_MINUTE))


class Caller:
    """Sends JSON, and asserts that the OpenAPI document declares every error that comes back."""

    def __init__(self, client: Client, headers: dict[str, str]) -> None:
        self.client = client
        self.headers = headers

    def get(self, path: str, **query: Any) -> Any:
        return self._declared("get", path, self.client.get(_url(path), query, headers=self.headers))

    def post(self, path: str, body: Any = None) -> Any:
        return self._declared(
            "post",
            path,
            self.client.post(
                _url(path), body, content_type="application/json", headers=self.headers
            ),
        )

    def put(self, path: str, body: Any = None) -> Any:
        return self._declared(
            "put",
            path,
            self.client.put(
                _url(path), body, content_type="application/json", headers=self.headers
            ),
        )

    def delete(self, path: str, **query: Any) -> Any:
        url = f"{_url(path)}?{urlencode(query)}" if query else _url(path)
        return self._declared("delete", path, self.client.delete(url, headers=self.headers))

    def _declared(self, method: str, path: str, response: Any) -> Any:
        declared = _declared_paths(_url(""))[_template(path)][method]["responses"]
        assert response.status_code in declared, f"{path} does not declare {response.status_code}"
        if response.status_code >= 400:
            error = response.json()["error"]
            assert set(error) <= {"code", "message", "fields"}
            assert error["code"]
            assert error["message"]
        return response


@cache
def _declared_paths(_root: str) -> Any:
    """Those of the OpenAPI document under this root. It takes a quarter of a second to make."""
    return api.get_openapi_schema()["paths"]


def _url(path: str) -> str:
    return reverse("notify-api:api-root") + path


def _template(path: str) -> str:
    if path.startswith("elements/"):
        return _url("elements/{name}/")
    name = "{mute_id}" if path.startswith("mutes/") else "{notice_id}"
    parts = [name if part.isdigit() else part for part in path.partition("?")[0].split("/")]
    return _url("/".join(parts))


@pytest.fixture
def by_token() -> Callable[..., Caller]:
    def call(user: Any, *scopes: str) -> Caller:
        _token, plain = ApiToken.objects.issue(user, "a program", scopes)
        return Caller(Client(enforce_csrf_checks=True), {"Authorization": f"Bearer {plain}"})

    return call


@pytest.fixture
def by_session() -> Callable[..., Caller]:
    """A browser with the page, and so with the CSRF token by default."""

    def call(user: Any, *, csrf: bool = True) -> Caller:
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        client.cookies["csrftoken"] = "a" * 32
        return Caller(client, {"X-CSRFToken": "a" * 32} if csrf else {})

    return call


@pytest.fixture
def nobody() -> Caller:
    return Caller(Client(enforce_csrf_checks=True), {})
