from __future__ import annotations

import pytest
from django.urls import include, path

from tests.unit.checks.findings import ids, ours, ours_of


def test_a_new_project_has_no_findings():
    assert ours() == []


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [("USE_TZ", False, "notify.E007"), ("DEFAULT_CHARSET", "latin-1", "notify.E005")],
)
def test_a_site_that_cannot_represent_times_or_texts_is_an_error(settings, name, value, id_):
    setattr(settings, name, value)
    [found] = ours()
    assert found.id == id_
    assert name in found.msg


def test_any_host_is_a_warning_in_production(settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert "notify.W007" not in ids(ours())
    assert "notify.W007" in ids(ours(include_deployment_checks=True))
    settings.ALLOWED_HOSTS = ["example.org"]
    assert "notify.W007" not in ids(ours(include_deployment_checks=True))


PROBES = "notify.web.probes.AnswerProbes"


@pytest.mark.parametrize("where", ["nowhere", "last"])
def test_probes_that_are_refused_by_address_are_a_warning(settings, where):
    others = [name for name in settings.MIDDLEWARE if name != PROBES]
    settings.MIDDLEWARE = others if where == "nowhere" else [*others, PROBES]
    [found] = ours()
    assert found.id == "notify.W012"
    assert f"Put '{PROBES}' first" in found.hint


@pytest.mark.parametrize("urls", ["notify.urls", None])
def test_a_project_without_probes_has_no_finding_about_them(settings, urls):
    settings.ROOT_URLCONF = urls
    settings.MIDDLEWARE = []
    assert ours() == []


@pytest.mark.parametrize(
    "name",
    [
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
)
def test_middleware_that_does_not_read_the_host_may_come_before_the_probes(settings, name):
    settings.MIDDLEWARE = [name, *settings.MIDDLEWARE]
    assert ours() == []


class Routes:
    def __init__(self, prefix, ours):
        self.urlpatterns = [path(f"{prefix}else/", home), path(ours, include("notify.urls"))]


def home(request):
    raise NotImplementedError


@pytest.mark.parametrize(
    ("cookie", "prefix", "include_at", "others"),
    [
        ("/links/", "links/", "", {}),
        ("/links", "links/", "", {}),
        ("/link", "link/", "links/", {}),
        ("/app/", "", "", {"FORCE_SCRIPT_NAME": "/appx"}),
        ("/links/", "links/", "links/", {"NOTIFY_SOCKET_PATH": "/ws/"}),
    ],
)
def test_a_cookie_path_that_does_not_cover_the_socket_is_a_warning(
    settings, cookie, prefix, include_at, others
):
    settings.SESSION_COOKIE_PATH = cookie
    settings.ROOT_URLCONF = Routes(prefix, include_at)
    for name, value in others.items():
        setattr(settings, name, value)
    [found] = ours_of("notify.W015")
    assert f"SESSION_COOKIE_PATH = {cookie!r} does not cover" in found.msg
    assert "NOTIFY_SOCKET_PATH" in found.hint


@pytest.mark.parametrize(
    ("cookie", "prefix", "include_at", "others"),
    [
        ("/", "", "", {}),
        ("/links/", "links/", "links/", {}),
        ("/links", "links/", "links/", {}),
        ("/app/", "", "", {}),  # of the server's root path
        ("/app/", "", "", {"FORCE_SCRIPT_NAME": "/app"}),
        ("/links/", "links/", "", {"NOTIFY_SOCKET_PATH": "/links/socket"}),
    ],
)
def test_a_cookie_path_that_covers_the_socket_is_fine(settings, cookie, prefix, include_at, others):
    settings.SESSION_COOKIE_PATH = cookie
    settings.ROOT_URLCONF = Routes(prefix, include_at)
    for name, value in others.items():
        setattr(settings, name, value)
    assert ours_of("notify.W015") == []
