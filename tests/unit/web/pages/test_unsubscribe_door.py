"""The route of the links by which people unsubscribe."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import resolve, reverse
from pytest_django.fixtures import Settings

import notify
from notify.kinds import registry
from notify.outbox.unsubscribe import Subscription, token

LINK = "/notify/unsubscribe/abc/"
AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"
IMPORTED = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.test import Client
assert Client().get("/notify/unsubscribe/abc/", headers={"host": "localhost"}).status_code == 404
print([name for name in sys.modules if name.startswith("notify.outbox")])
"""


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {})

    class Mailed(notify.Kind):
        key = "shop.mailed"
        category = "orders"
        channels = [notify.Email()]


def test_without_a_channel_it_is_not_found(db: None, client: Client) -> None:
    for response in (client.get(LINK), client.post(LINK, {"List-Unsubscribe": "One-Click"})):
        assert response.status_code == 404
        assert "cut off" not in response.content.decode()  # it is no broken link: there is no page


def test_without_a_channel_nothing_of_the_outbox_is_imported() -> None:
    found = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_it_needs_no_sign_in_where_everything_does(
    declared: None, ada: User, settings: Settings
) -> None:
    after = settings.MIDDLEWARE.index(AUTHENTICATION) + 1
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE[:after], LOGIN_REQUIRED, *settings.MIDDLEWARE[after:]
    ]  # fmt: skip
    ada.email = "ada@example.org"
    ada.save()
    link = reverse(
        "notify:unsubscribe", args=[token(Subscription.of(ada, "email", ["orders"], ada.email))]
    )
    provider = Client(enforce_csrf_checks=True)
    assert provider.get(link).status_code == 200
    assert provider.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200


def test_it_is_left_to_no_middleware() -> None:
    view: Any = resolve(LINK).func
    assert view.csrf_exempt
    assert not view.login_required
