from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config import known_browser


def browser_of(user: User) -> HttpRequest:
    """A request of a browser in which the user has signed in."""
    response = HttpResponse()
    known_browser.remember(RequestFactory().get("/"), response, user)
    request = RequestFactory().get("/")
    for name, cookie in response.cookies.items():
        request.COOKIES[name] = cookie.value
    return request


def test_it_is_known_for_the_one_who_signed_in_and_keeps_its_id(ada: User) -> None:
    request = browser_of(ada)
    known = known_browser.id_of(request, "ada")
    assert known
    assert known_browser.id_of(request, "bob") is None
    again = HttpResponse()
    known_browser.remember(request, again, ada)
    request.COOKIES[known_browser.cookie_name()] = again.cookies[known_browser.cookie_name()].value
    assert known_browser.id_of(request, "ada") == known


def test_another_password_or_a_forged_cookie_makes_it_unknown(ada: User) -> None:
    request = browser_of(ada)
    ada.set_password("another")
    ada.save()
    assert known_browser.id_of(request, "ada") is None
    request.COOKIES[known_browser.cookie_name()] = "forged"
    assert known_browser.id_of(request, "ada") is None


def test_with_https_only_this_host_may_set_it(settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    assert known_browser.cookie_name() == "__Host-known_browser"
