"""The end of a session closes the sockets that were opened with any of its cookies."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from django.conf import settings as django_settings
from django.contrib.auth import SESSION_KEY, login, logout, update_session_auth_hash
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import OperationalError
from django.http import HttpRequest

from notify.access import authentication, session_end
from notify.access.session_end import end_sessions, name_session
from notify.access.session_store import NAME_KEY
from notify.access.tickets import issue_ticket
from notify.bus.publisher import publisher
from notify.protocol import Code
from tests.harness.sessions import new_session
from tests.harness.tickets import redeem
from tests.unit.live.fakes import handshake_scope

ENGINES = ["db", "cached_db", "cache", "file", "signed_cookies"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def engine(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    name = getattr(request, "param", "signed_cookies")
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{name}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.NOTIFY_NEW_DEVICE = settings.NOTIFY_WELCOME = False
    return str(name)


class Browser:
    """Keeps the session cookie from request to request."""

    def __init__(self) -> None:
        self.cookie = ""

    def request(self, view: Callable[[HttpRequest], Any]) -> str:
        """The cookie after a request to `view`. Each request saves the session."""
        request: Any = HttpRequest()
        if self.cookie:
            request.COOKIES[django_settings.SESSION_COOKIE_NAME] = self.cookie
        request.session = import_module(django_settings.SESSION_ENGINE).SessionStore(
            self.cookie or None
        )
        view(request)
        if request.session.is_empty():
            self.cookie = ""
        else:
            request.session["visits"] = request.session.get("visits", 0) + 1
            request.session.save()
            self.cookie = request.session.session_key
        return self.cookie

    def sign_in(self, user: User) -> str:
        backend = "django.contrib.auth.backends.ModelBackend"
        return self.request(lambda request: login(request, user, backend=backend))

    def visit(self) -> str:
        return self.request(lambda request: None)

    def sign_out(self) -> None:
        self.request(logout)


def identify(cookie: str) -> authentication.Identity | None:
    return authentication.identify([handshake_scope(f"sessionid={cookie}")])[0]


def close_code(identity: authentication.Identity | None) -> Code | None:
    assert identity is not None
    return authentication.revalidate([identity]).get(identity)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_sign_out_ends_what_was_opened_with_any_cookie_of_the_session(
    engine: str, ada: User
) -> None:
    browser, phone = Browser(), Browser()
    cookies = [browser.sign_in(ada), browser.visit(), browser.visit()]
    assert len(set(cookies)) == (3 if engine == "signed_cookies" else 1)
    identities = [identify(cookie) for cookie in cookies]
    ticket = issue_ticket(str(ada.pk), session_key=cookies[0])
    on_the_phone = identify(phone.sign_in(ada))
    assert {close_code(one) for one in identities} == {None}

    browser.sign_out()

    assert {close_code(one) for one in identities} == {Code.NOT_SIGNED_IN}
    assert [identify(cookie) for cookie in cookies] == [None] * 3
    assert redeem(ticket) is None
    assert close_code(on_the_phone) is None


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_signing_in_as_another_user_ends_the_replaced_session(
    engine: str, ada: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    cookies = [browser.sign_in(ada), browser.visit()]
    of_ada = [identify(cookie) for cookie in cookies]
    checked: list[str] = []
    monkeypatch.setattr(publisher, "publish_session_check", checked.append)

    of_eve = identify(browser.sign_in(make_user("eve")))

    assert {close_code(one) for one in of_ada} == {Code.NOT_SIGNED_IN}
    assert [identify(cookie) for cookie in cookies] == [None] * 2
    assert close_code(of_eve) is None
    assert engine != "signed_cookies" or str(ada.pk) in checked


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_new_password_ends_what_was_opened_before_it(engine: str, ada: User) -> None:
    browser = Browser()
    before = identify(browser.sign_in(ada))

    def change(request: Any) -> None:
        request.user = ada
        ada.set_password("another one")
        ada.save()
        update_session_auth_hash(request, ada)

    after = identify(browser.request(change))
    assert close_code(before) is Code.NOT_SIGNED_IN
    assert close_code(after) is None
    browser.sign_out()
    assert close_code(after) is Code.NOT_SIGNED_IN


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_signing_in_twice_keeps_sockets_open_until_sign_out(engine: str, ada: User) -> None:
    browser = Browser()
    identities = [identify(browser.sign_in(ada)) for _ in range(2)]
    assert {close_code(one) for one in identities} == {None}
    browser.sign_out()
    assert {close_code(one) for one in identities} == {Code.NOT_SIGNED_IN}


def test_signing_in_with_a_signed_out_cookie_allows_sockets_again(ada: User) -> None:
    """Django accepts an old cookie as a valid session and keeps its data."""
    browser = Browser()
    old = browser.sign_in(ada)
    browser.sign_out()
    browser.cookie = old
    assert identify(old) is None
    again = identify(browser.sign_in(ada))
    assert close_code(again) is None
    browser.sign_out()
    assert close_code(again) is Code.NOT_SIGNED_IN


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_session_without_a_name_ends_by_its_key(engine: str, ada: User) -> None:
    browser = Browser()
    browser.cookie = str(new_session(ada).session_key)
    identity = identify(browser.cookie)
    assert close_code(identity) is None
    browser.sign_out()
    assert close_code(identity) is Code.NOT_SIGNED_IN


def test_a_sign_out_revalidates_the_owner_of_the_session_not_the_user_of_the_request(
    ada: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    browser.sign_in(make_user("staff"))
    checked: list[str] = []
    monkeypatch.setattr(publisher, "publish_session_check", checked.append)

    def end(request: Any) -> None:
        request.user = ada
        logout(request)

    browser.request(end)
    assert checked == [str(User.objects.get(username="staff").pk)]


@pytest.mark.parametrize("signal", [user_logged_in, user_logged_out])
def test_a_sign_in_or_out_without_a_session_creates_none(ada: User, signal: Any) -> None:
    """Some packages send Django's signals for their own tokens."""
    browser = Browser()
    for request in (None, SimpleNamespace(META={}), HttpRequest()):
        signal.send(User, request=request, user=ada)
    browser.request(lambda request: signal.send(User, request=request, user=ada))
    browser.visit()
    assert (
        not import_module(django_settings.SESSION_ENGINE).SessionStore(browser.cookie).get(NAME_KEY)
    )


@pytest.mark.parametrize("cookie", ["nonsense", "\0", "é", "x" * 5000])
@pytest.mark.parametrize("engine", ["db", "signed_cookies"], indirect=True)
def test_a_sign_in_survives_an_invalid_cookie(engine: str, ada: User, cookie: str) -> None:
    request: Any = HttpRequest()
    request.COOKIES["sessionid"] = cookie
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore()
    login(request, ada, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    assert close_code(identify(request.session.session_key)) is None


@pytest.mark.parametrize("engine", ["db", "cached_db"], indirect=True)
def test_all_sessions_of_a_user_end_by_name_and_key(
    engine: str, ada: User, make_user: Callable[..., User]
) -> None:
    named, other = identify(Browser().sign_in(ada)), identify(Browser().sign_in(make_user("eve")))
    unnamed = identify(str(new_session(ada).session_key))
    assert end_sessions(str(ada.pk)) == 2
    assert {close_code(named), close_code(unnamed)} == {Code.NOT_SIGNED_IN}
    assert close_code(other) is None


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_signing_in_again_in_a_session_without_a_name_keeps_sockets_open(
    engine: str, ada: User
) -> None:
    browser = Browser()
    browser.cookie = str(new_session(ada).session_key)
    before = identify(browser.cookie)
    after = identify(browser.sign_in(ada))
    assert close_code(after) is None
    if engine == "signed_cookies":  # with the other engines, Django deletes the earlier key
        assert close_code(before) is None


@pytest.mark.parametrize("engine", ENGINES[:-1], indirect=True)
def test_naming_a_server_side_session_costs_no_query(
    engine: str, ada: User, django_assert_num_queries: Any
) -> None:
    request: Any = HttpRequest()
    request.COOKIES["sessionid"] = str(new_session(ada).session_key)
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore()
    request.session[SESSION_KEY] = str(ada.pk)
    with django_assert_num_queries(0):
        name_session(User, request=request, user=ada)
    assert request.session[NAME_KEY]


@pytest.mark.parametrize("fails", ["load_sessions", "ended_names", "_end"])
def test_a_sign_in_survives_a_failure_to_end_the_replaced_session(
    ada: User,
    make_user: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: str,
) -> None:
    browser = Browser()
    browser.sign_in(ada)
    away = Mock(side_effect=OperationalError("away"))
    monkeypatch.setattr(session_end, fails, away)
    user = ada if fails == "ended_names" else make_user("eve")
    assert close_code(identify(browser.sign_in(user))) is None
    away.assert_called_once()
    assert "the sign-in continues" in caplog.text
