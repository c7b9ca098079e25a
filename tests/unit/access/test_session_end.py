"""What ends a session ends what was opened with it, whatever its cookie was by then."""

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


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


class Browser:
    """Keeps the cookie of its session, as each request leaves it."""

    def __init__(self) -> None:
        self.cookie = ""

    def request(self, view: Callable[[HttpRequest], Any]) -> str:
        """The cookie after a request that `view` answers; each writes the session anew."""
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


def verdict(identity: authentication.Identity | None) -> Code | None:
    assert identity is not None
    return authentication.judge([identity]).get(identity)


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
    assert {verdict(one) for one in identities} == {None}

    browser.sign_out()

    assert {verdict(one) for one in identities} == {Code.NOT_SIGNED_IN}
    assert [identify(cookie) for cookie in cookies] == [None] * 3
    assert redeem(ticket) is None
    assert verdict(on_the_phone) is None


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_whoever_signs_in_where_somebody_else_is_ends_that_ones_session(
    engine: str, ada: User, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    cookies = [browser.sign_in(ada), browser.visit()]
    of_ada = [identify(cookie) for cookie in cookies]
    checked: list[str] = []
    monkeypatch.setattr(publisher, "publish_session_check", checked.append)

    of_eve = identify(browser.sign_in(make_user("eve")))

    assert {verdict(one) for one in of_ada} == {Code.NOT_SIGNED_IN}
    assert [identify(cookie) for cookie in cookies] == [None] * 2
    assert verdict(of_eve) is None
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
    assert verdict(before) is Code.NOT_SIGNED_IN
    assert verdict(after) is None
    browser.sign_out()
    assert verdict(after) is Code.NOT_SIGNED_IN


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_who_signs_in_twice_keeps_their_sockets_until_they_sign_out(engine: str, ada: User) -> None:
    browser = Browser()
    identities = [identify(browser.sign_in(ada)) for _ in range(2)]
    assert {verdict(one) for one in identities} == {None}
    browser.sign_out()
    assert {verdict(one) for one in identities} == {Code.NOT_SIGNED_IN}


def test_who_signs_in_again_with_a_cookie_that_was_signed_out_has_sockets_again(ada: User) -> None:
    """Django takes an old cookie for a session that stands, and keeps what it holds."""
    browser = Browser()
    old = browser.sign_in(ada)
    browser.sign_out()
    browser.cookie = old
    assert identify(old) is None
    again = identify(browser.sign_in(ada))
    assert verdict(again) is None
    browser.sign_out()
    assert verdict(again) is Code.NOT_SIGNED_IN


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_session_from_before_names_is_known_by_its_key(engine: str, ada: User) -> None:
    browser = Browser()
    browser.cookie = str(new_session(ada).session_key)
    identity = identify(browser.cookie)
    assert verdict(identity) is None
    browser.sign_out()
    assert verdict(identity) is Code.NOT_SIGNED_IN


def test_the_sockets_of_the_sessions_owner_are_told_whoever_a_middleware_says_it_is(
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
def test_a_sign_in_or_out_without_a_session_leaves_none_behind(ada: User, signal: Any) -> None:
    """Some packages send Django's signals for tokens of their own."""
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
def test_a_sign_in_takes_no_harm_from_a_cookie_that_is_none(
    engine: str, ada: User, cookie: str
) -> None:
    request: Any = HttpRequest()
    request.COOKIES["sessionid"] = cookie
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore()
    login(request, ada, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()
    assert verdict(identify(request.session.session_key)) is None


@pytest.mark.parametrize("engine", ["db", "cached_db"], indirect=True)
def test_all_sessions_of_a_user_end_by_name_and_key(
    engine: str, ada: User, make_user: Callable[..., User]
) -> None:
    named, other = identify(Browser().sign_in(ada)), identify(Browser().sign_in(make_user("eve")))
    unnamed = identify(str(new_session(ada).session_key))
    assert end_sessions(str(ada.pk)) == 2
    assert {verdict(named), verdict(unnamed)} == {Code.NOT_SIGNED_IN}
    assert verdict(other) is None


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_who_signs_in_again_in_a_session_from_before_names_keeps_their_sockets(
    engine: str, ada: User
) -> None:
    browser = Browser()
    browser.cookie = str(new_session(ada).session_key)
    before = identify(browser.cookie)
    after = identify(browser.sign_in(ada))
    assert verdict(after) is None
    if engine == "signed_cookies":  # with the others, Django deletes the key of before
        assert verdict(before) is None


@pytest.mark.parametrize("engine", ENGINES[:-1], indirect=True)
def test_a_session_that_the_server_keeps_costs_a_sign_in_no_query(
    engine: str, ada: User, django_assert_num_queries: Any
) -> None:
    request: Any = HttpRequest()
    request.COOKIES["sessionid"] = str(new_session(ada).session_key)
    request.session = import_module(django_settings.SESSION_ENGINE).SessionStore()
    request.session[SESSION_KEY] = str(ada.pk)
    with django_assert_num_queries(0):
        name_session(User, request=request, user=ada)
    assert request.session[NAME_KEY]


@pytest.mark.parametrize("fails", ["load_sessions", "ended_of", "_end"])
def test_a_sign_in_goes_on_whatever_fails_of_the_session_before(
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
    user = ada if fails == "ended_of" else make_user("eve")
    assert verdict(identify(browser.sign_in(user))) is None
    away.assert_called_once()
    assert "the sign-in goes on" in caplog.text
