"""Password guesses are slowed down by name, for strangers but not for known browsers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from axes.models import AccessAttempt
from django.contrib.auth import aauthenticate, authenticate
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core import signing
from django.core.management import call_command
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from config import attempts, known_browser
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

FORMS = ["/accounts/login/", "/admin/login/"]


@pytest.fixture
def few(monkeypatch):
    """A limit of three attempts instead of ten."""
    monkeypatch.setattr(attempts, "LIMIT", 3)


@pytest.fixture
def make_user(make_user, settings):
    """Users with a fast password hasher, as these tests hash many passwords."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

    def make(name, **fields):
        user = make_user(name, **fields)
        user.password = make_password(PASSWORD)
        User.objects.filter(pk=user.pk).update(password=user.password)
        return user

    return make


@pytest.fixture
def ada(make_user):
    return make_user("ada", is_staff=True)


def sign_in(
    client: Client, name: str = "ada", password: str = PASSWORD, form: str = FORMS[0]
) -> Any:
    return client.post(form, {"username": name, "password": password})


def guess(name: str = "ada", form: str = FORMS[0], times: int = 3) -> list[int]:
    return [sign_in(Client(), name, "guess", form).status_code for _ in range(times)]


def browser_of(name: str) -> Client:
    first, later = Client(), Client()
    assert sign_in(first, name).status_code == 302
    later.cookies[known_browser.cookie_name()] = first.cookies[known_browser.cookie_name()].value
    return later


def let_the_period_pass() -> None:
    for row in AccessAttempt.objects.all():
        row.attempt_time -= attempts.PERIOD
        row.save()


@pytest.mark.parametrize("form", FORMS)
def test_after_the_limit_a_stranger_waits_and_the_page_says_how_long(ada, few, form):
    assert guess(form=form) == [200, 200, 200]
    for other in FORMS:  # one count for both
        answer = sign_in(Client(), form=other)
        assert answer.status_code == 429
        assert 350 < int(answer["Retry-After"]) <= 360
        assert "Try again in 6 minutes." in answer.content.decode()
        assert "_auth_user_id" not in answer.client.session


def test_the_wait_ends_with_the_period_however_many_attempts_were_refused(ada, few):
    guess(times=5)
    [before] = AccessAttempt.objects.values_list("attempt_time", "failures_since_start")
    guess(times=2)
    assert list(AccessAttempt.objects.values_list("attempt_time", "failures_since_start")) == [
        before
    ]
    assert before[1] == 3
    let_the_period_pass()
    assert sign_in(Client()).status_code == 302


@pytest.mark.parametrize("form", FORMS)
def test_a_name_that_nobody_has_is_treated_alike(ada, few, form):
    told = []
    for name in ("ada", "nobody"):
        statuses = guess(name, form)
        answer = sign_in(Client(), name, "guess", form)
        told.append((statuses, answer.status_code, answer.content, list(answer.cookies)))
    assert told[0] == told[1]


def test_successful_attempts_are_not_counted(ada, few):
    for _ in range(4):
        assert sign_in(Client()).status_code == 302
    assert AccessAttempt.objects.get().failures_since_start == 0


def test_a_successful_attempt_does_not_reset_the_count(ada, few):
    guess(times=2)
    assert sign_in(Client()).status_code == 302
    assert guess(times=2) == [200, 429]


def test_a_browser_that_has_signed_in_before_passes_while_others_guess(ada, few):
    browser = browser_of("ada")
    guess(times=4)
    assert sign_in(Client()).status_code == 429
    assert sign_in(browser).status_code == 302


def test_its_own_failures_are_counted_apart(ada, few):
    """A stolen cookie gives as many guesses as strangers have, and takes none of theirs."""
    browser = browser_of("ada")
    for _ in range(3):
        assert sign_in(browser, password="guess").status_code == 200
    assert sign_in(browser).status_code == 429
    assert sign_in(Client()).status_code == 302


def test_the_cookie_of_one_does_not_help_with_the_name_of_another(ada, make_user, few):
    make_user("bob")
    browser = browser_of("bob")
    guess("ada")
    assert sign_in(browser, "ada").status_code == 429


def test_a_new_password_ends_it(ada, few):
    browser = browser_of("ada")
    ada.set_password("another one")
    ada.save()
    guess("ada")
    assert sign_in(browser, password="another one").status_code == 429


@pytest.mark.parametrize("value", ["", "x", "e30:1:2", signing.dumps({"user": "1"})])
def test_an_invalid_cookie_is_ignored(ada, few, value):
    guess("ada")
    browser = Client()
    browser.cookies[known_browser.cookie_name()] = value
    assert sign_in(browser).status_code == 429


def test_a_renewed_cookie_keeps_its_count(ada, few):
    browser = browser_of("ada")
    for _ in range(2):
        sign_in(browser, password="guess")
    assert sign_in(browser).status_code == 302
    statuses = [sign_in(browser, password="guess").status_code for _ in range(2)]
    assert statuses == [200, 429]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_hosts_and_lasts_for_a_year(ada, settings):
    settings.SESSION_COOKIE_SECURE = True
    cookie = sign_in(Client()).cookies["__Host-known_browser"]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert cookie["max-age"] == timedelta(days=365).total_seconds()


@pytest.mark.parametrize("page", ["/accounts/password_change/", "/admin/password_change/"])
def test_the_old_password_is_not_to_be_guessed_by_who_has_a_session(ada, few, page):
    client = Client()
    client.force_login(ada)
    new = {"new_password1": "a long new one", "new_password2": "a long new one"}
    for _ in range(5):  # the old one is right: no guess
        answer = client.post(page, {"old_password": PASSWORD, "new_password1": "1"})
        assert answer.status_code == 200
    for _ in range(3):
        assert client.post(page, {"old_password": "guess", **new}).status_code == 200
    answer = client.post(page, {"old_password": PASSWORD, **new})
    assert answer.status_code == 429
    assert "Retry-After" in answer.headers
    let_the_period_pass()
    assert client.post(page, {"old_password": PASSWORD, **new}).status_code == 302
    guess("ada")  # and the browser is known by the new password
    assert sign_in(client, password="a long new one").status_code == 302


def test_a_session_alone_makes_no_browser_known(make_user, few):
    """The admin redirects who is not staff without a look at the password."""
    client = Client()
    client.force_login(make_user("bob"))
    data = {"old_password": "guess", "new_password1": "a long one", "new_password2": "a long one"}
    for _ in range(3):
        assert client.post("/admin/password_change/", data).status_code == 302
        assert known_browser.cookie_name() not in client.cookies
    assert client.post("/admin/password_change/", data).status_code == 429


def test_a_stolen_session_does_not_keep_its_owner_from_changing_the_password(ada, few):
    owner, thief = browser_of("ada"), Client()
    for client in (owner, thief):
        client.force_login(ada)
    page = "/accounts/password_change/"
    new = {"new_password1": "a long new one", "new_password2": "a long new one"}
    statuses = [thief.post(page, {"old_password": "guess", **new}).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert owner.post(page, {"old_password": PASSWORD, **new}).status_code == 302


@pytest.mark.parametrize("command", [["axes_reset"], ["axes_reset_username", "Ada"]])
def test_the_commands_of_axes_end_the_wait(ada, few, command, capsys):
    guess(times=3)
    call_command(*command)
    assert capsys.readouterr().out == "1 attempts removed.\n"
    assert sign_in(Client()).status_code == 302


def test_only_a_new_row_looks_for_expired_ones_and_holds_no_lock_meanwhile(monkeypatch):
    for name in ("ada", "bob"):
        attempts.take("signing in", name)
    bob = AccessAttempt.objects.latest("pk")
    bob.attempt_time -= attempts.PERIOD
    bob.save()
    prune, depths = attempts._prune, []

    def watched(now):
        depths.append(len(connection.savepoint_ids))
        prune(now)

    monkeypatch.setattr(attempts, "_prune", watched)
    before = len(connection.savepoint_ids)
    attempts.take("signing in", "ada")
    assert depths == []
    assert AccessAttempt.objects.count() == 2
    attempts.take("signing in", "cleo")
    assert depths == [before]
    assert AccessAttempt.objects.count() == 2


def test_no_name_address_or_browser_is_stored_and_rows_expire(ada):
    sign_in(Client(headers={"User-Agent": "Netscape"}), "ada", "my secret")
    sign_in(Client(), "my secret", "ada")
    kept = str(list(AccessAttempt.objects.values()))
    for text in ("ada", "secret", "127.0.0.1", "Netscape"):
        assert text not in kept
    let_the_period_pass()
    sign_in(Client(), "bob", "guess")
    assert AccessAttempt.objects.count() == 1


def test_the_limit_is_logged_without_what_was_typed(ada, few, caplog):
    guess("ada", times=5)
    guess("pass\nword", times=5)
    lines = [record.getMessage() for record in caplog.records if record.name == "config.signing_in"]
    assert lines == [
        f"limit what=signing_in user={ada.pk} address='127.0.0.1'",
        "limit what=signing_in user=None address='127.0.0.1'",
    ]
    assert "axes" not in {record.name.partition(".")[0] for record in caplog.records}


def test_a_successful_last_attempt_is_not_logged(ada, few, caplog):
    guess(times=2)
    assert sign_in(Client()).status_code == 302
    assert not [record for record in caplog.records if record.name == "config.signing_in"]
    guess(times=1)
    assert [record for record in caplog.records if record.name == "config.signing_in"]


def test_async_code_signs_in_and_is_counted_too(ada, few):
    def try_with(password):
        return async_to_sync(aauthenticate)(HttpRequest(), username="ada", password=password)

    assert try_with(PASSWORD) == ada
    assert [try_with("guess") for _ in range(2)] == [None, None]
    assert try_with(PASSWORD) is None


def test_a_sign_in_without_a_name_is_not_counted(ada):
    request = HttpRequest()
    assert authenticate(request, token="t") is None
    assert not AccessAttempt.objects.exists()
