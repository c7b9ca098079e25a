"""SESSION_SAVE_EVERY_REQUEST: pages extend the session, requests of scripts do not."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from notify.models import Notice

ENGINES = ["db", "cached_db", "cache", "file", "signed_cookies"]

pytestmark = pytest.mark.django_db


@pytest.fixture(params=ENGINES)
def engine(request, settings, tmp_path):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.SESSION_SAVE_EVERY_REQUEST = True


@pytest.fixture
def page(engine, make_user) -> Client:
    client = Client()
    client.force_login(make_user("ada", is_superuser=True, is_staff=True))
    return client


class Visits:
    """A middleware of the site that modifies each session."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        answer = self.get_response(request)
        request.session["visits"] = request.session.get("visits", 0) + 1
        return answer


def test_polling_leaves_the_session_alone(page, settings):
    notice = Notice.objects.create(title="Tea")
    for address in (
        "/api/notify/inbox/changes/",
        "/api/notify/inbox/?limit=1",
        "/api/notify/config/",
        f"/admin/notify/notice/{notice.pk}/progress/",
    ):
        answer = page.get(address)
        assert answer.status_code == 200, address
        assert settings.SESSION_COOKIE_NAME not in answer.cookies, address
    assert settings.SESSION_COOKIE_NAME in page.get("/notify/").cookies


def test_a_session_that_a_middleware_modifies_is_saved(page, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Visits"]
    page.get("/notify/")
    answer = page.get("/api/notify/inbox/changes/")
    assert settings.SESSION_COOKIE_NAME in answer.cookies
    store = import_module(settings.SESSION_ENGINE).SessionStore
    assert store(page.cookies[settings.SESSION_COOKIE_NAME].value)["visits"] == 2


def test_the_end_of_a_session_is_left_to_pages(page, settings):
    """The response to a tab may come after the one to a form, which set a new session."""
    ada = User.objects.get(username="ada")
    ada.set_password("another one")
    ada.save()
    for _ in range(2):
        answer = page.get("/api/notify/inbox/changes/")
        assert answer.status_code == 401
        assert settings.SESSION_COOKIE_NAME not in answer.cookies
    assert page.get("/notify/").cookies[settings.SESSION_COOKIE_NAME].value == ""


def test_a_cookie_without_a_session_is_left_alone(client, settings):
    for every_request in (False, True):
        settings.SESSION_SAVE_EVERY_REQUEST = every_request
        client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32
        answer = client.get("/api/notify/inbox/")
        assert answer.status_code == 401
        assert settings.SESSION_COOKIE_NAME not in answer.cookies


@pytest.mark.parametrize("engine", ["db", "cached_db"], indirect=True)
def test_polling_does_not_extend_a_session_in_the_database(page):
    soon = timezone.now() + timedelta(minutes=5)
    Session.objects.update(expire_date=soon)
    page.get("/api/notify/inbox/changes/")
    assert Session.objects.get().expire_date == soon
    page.get("/notify/")
    assert Session.objects.get().expire_date > soon
