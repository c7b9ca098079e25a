"""Django's LoginRequiredMiddleware does not redirect what has its own authentication."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver, reverse

PROBES = "notify.web.probes.AnswerProbes"
LOGIN_REQUIRED = "django.contrib.auth.middleware.LoginRequiredMiddleware"


@pytest.fixture(params=[True, False], ids=["probes first", "probes by their routes"])
def login_required(request, settings, db):
    """With and without AnswerProbes; without it, the routes answer to an allowed host."""
    assert PROBES in settings.MIDDLEWARE
    without = [name for name in settings.MIDDLEWARE if request.param or name != PROBES]
    after = without.index("django.contrib.auth.middleware.AuthenticationMiddleware") + 1
    settings.MIDDLEWARE = [*without[:after], LOGIN_REQUIRED, *without[after:]]
    settings.NOTIFY_METRICS_TOKEN = "t"


def test_probes_need_no_sign_in(login_required, client):
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    assert client.get("/metrics", headers={"Authorization": "Bearer t"}).status_code == 200
    assert client.get("/metrics").status_code == 403


def test_an_api_token_needs_no_sign_in(login_required, make_user, by_token):
    boss = make_user("boss", is_superuser=True)
    caller = by_token(boss, "inbox", "send")
    assert caller.get("inbox/").status_code == 200
    assert caller.get("inbox/changes/").status_code == 200
    assert caller.post("ticket/").status_code == 200
    sent = caller.post("notices/", {"to": {"users": ["boss"]}, "title": "Tea"})
    assert sent.status_code == 201
    assert caller.get(f"notices/{sent.json()['id']}/").status_code == 200
    assert caller.post(f"notices/{sent.json()['id']}/recall/").status_code == 200


def test_the_api_refuses_strangers_itself(login_required, nobody):
    assert nobody.get("inbox/").status_code == 401
    assert nobody.get("inbox/changes/").status_code == 401
    assert nobody.post("ticket/").status_code == 401
    assert nobody.post("inbox/mark/", {}).status_code == 401
    assert nobody.post("notices/", {}).status_code == 401
    assert nobody.client.post("/notify/test/").status_code == 401


@pytest.mark.parametrize("path", ["/notify/", "/notify/operations/"])
def test_pages_send_strangers_to_the_sign_in_page_with_a_short_address(
    login_required, client, path
):
    answer = client.get(path, {"q": "a" * 8000})
    assert answer["Location"] == f"{reverse('login')}?next={path}"


def test_the_api_documentation_is_left_to_the_middleware(login_required, client):
    for path in ("/api/notify/docs", "/api/notify/openapi.json"):
        assert client.get(path)["Location"].startswith(reverse("login"))


def test_a_signed_in_user_sees_no_difference(login_required, make_user):
    ada: User = make_user("ada", is_superuser=True, is_staff=True)
    client = Client()
    client.force_login(ada)
    for path in ("/notify/", "/notify/operations/", "/api/notify/inbox/", "/api/notify/docs"):
        assert client.get(path).status_code == 200, path
    assert client.post("/notify/mark/", {"mark": "read:1"}).status_code == 302
    assert client.post("/notify/test/").status_code == 201


def test_no_view_of_ours_is_forgotten():
    """Each has its own authentication, or is the documentation of the API."""
    left = {
        route.name
        for namespace in ("notify", "notify-probes", "notify-api")
        for route in get_resolver().namespace_dict[namespace][1].url_patterns
        if getattr(route.callback, "login_required", True)
    }
    assert left == {"openapi-json", "openapi-view", "api-root"}
