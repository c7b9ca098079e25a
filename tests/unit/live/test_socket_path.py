from __future__ import annotations

from typing import Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import clear_script_prefix, include, path, set_script_prefix
from django.utils import translation

from notify.live.socket_path import socket_path

OURS: Any = include("notify.urls")


class Routes:
    def __init__(self, *urlpatterns: Any) -> None:
        self.urlpatterns = urlpatterns


@pytest.mark.parametrize(
    ("script_name", "said"),
    [
        ("", "/ws/notify/"),
        ("/", "/ws/notify/"),
        ("/app", "/app/ws/notify/"),
        ("/app/", "/app/ws/notify/"),
        ("/größe", "/gr%C3%B6%C3%9Fe/ws/notify/"),
    ],
)
def test_it_is_under_the_script_name(script_name, said):
    assert socket_path(script_name) == said


@pytest.mark.parametrize(
    ("prefix", "said"),
    [("", "/ws/notify/"), ("links/", "/links/ws/notify/"), ("a/é/", "/a/%C3%A9/ws/notify/")],
)
def test_it_is_beside_our_routes(settings, prefix, said):
    settings.ROOT_URLCONF = Routes(path(prefix, OURS))
    assert socket_path("") == said
    assert socket_path("/app") == f"/app{said}"


def test_the_script_prefix_of_the_thread_is_not_part_of_the_routes_prefix(settings):
    settings.ROOT_URLCONF = Routes(path("links/", OURS))
    set_script_prefix("/app/")
    try:
        assert socket_path("/app/") == "/app/links/ws/notify/"
    finally:
        clear_script_prefix()


@pytest.mark.parametrize("prefix_default_language", [True, False])
@pytest.mark.parametrize("language", ["en", "de"])
def test_it_has_no_language_prefix(settings, prefix_default_language, language):
    routes = i18n_patterns(path("x/", OURS), prefix_default_language=prefix_default_language)
    settings.ROOT_URLCONF = Routes(*routes)
    with translation.override(language):
        assert socket_path("") == "/x/ws/notify/"


def not_ours(request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


@pytest.mark.parametrize("urls", [None, Routes(path("", not_ours))])
def test_without_our_routes_it_is_at_the_root(settings, urls):
    settings.ROOT_URLCONF = urls
    assert socket_path("/app") == "/app/ws/notify/"


def test_the_setting_is_taken_as_it_is(settings):
    settings.ROOT_URLCONF = Routes(path("links/", OURS))
    settings.NOTIFY_SOCKET_PATH = "/dinge/glöckchen"
    assert socket_path("/app") == "/dinge/gl%C3%B6ckchen"
