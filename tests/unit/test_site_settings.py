"""Settings of the site that change what Django does around us: all of ours works on."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import trans_real

import notify
from notify.models import ApiToken, Notice, Notification

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

MESSAGES = "django.contrib.messages.storage"
UPLOADS = "django.core.files.uploadhandler"
SITES: dict[str, dict[str, Any]] = {
    "without translation": {"USE_I18N": False},
    "in Persian": {"LANGUAGE_CODE": "fa", "LANGUAGES": [("fa", "Persian")]},
    "in Arabic": {"LANGUAGE_CODE": "ar", "LANGUAGES": [("ar", "Arabic")]},
    "in Chinese": {"LANGUAGE_CODE": "zh-hans", "LANGUAGES": [("zh-hans", "Chinese")]},
    "without slashes": {"APPEND_SLASH": False},
    "messages in cookies": {"MESSAGE_STORAGE": f"{MESSAGES}.cookie.CookieStorage"},
    "messages in sessions": {"MESSAGE_STORAGE": f"{MESSAGES}.session.SessionStorage"},
    "no cache": {"CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}},
    "sessions of one day": {"SESSION_EXPIRE_AT_BROWSER_CLOSE": True},
    "strict cookies": {"SESSION_COOKIE_SAMESITE": "Strict", "CSRF_COOKIE_SAMESITE": "Strict"},
    "no referrer": {"SECURE_REFERRER_POLICY": "no-referrer"},
    "small uploads": {"DATA_UPLOAD_MAX_MEMORY_SIZE": 2_000, "FILE_UPLOAD_MAX_MEMORY_SIZE": 10},
    "uploads to disk": {"FILE_UPLOAD_HANDLERS": [f"{UPLOADS}.TemporaryFileUploadHandler"]},
    "another signer": {"SIGNING_BACKEND": "django.core.signing.Signer"},
    "another sign-in": {"LOGIN_URL": "https://sign-in.example.org/?for=shop"},

}  # fmt: skip


@pytest.fixture(params=list(SITES))
def site(request, settings, monkeypatch):
    of_django: Any = translation
    languages: Any = trans_real.get_languages
    # What is asked once per process is asked anew.
    monkeypatch.setattr(translation, "_trans", type(of_django._trans)())
    for name, value in SITES[request.param].items():
        setattr(settings, name, value)
    formats.reset_format_cache()
    languages.cache_clear()
    yield request.param
    formats.reset_format_cache()
    languages.cache_clear()


@pytest.fixture
def boss(site, make_user) -> User:
    user: User = make_user("boss", is_superuser=True, is_staff=True)
    return user


@pytest.fixture
def browser(boss) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(boss)
    return client


def test_pages_and_api(browser, boss):
    notice = notify.send(to=boss, title="Tea", category="tea", url="/tea/")
    for address in (
        "/notify/",
        "/notify/?tab=unread&q=tea",
        "/notify/operations/",
        "/api/notify/inbox/",
        "/api/notify/inbox/changes/",
        "/api/notify/docs",
        reverse("admin:notify_notice_changelist"),
        reverse("admin:notify_notice_change", args=[notice.pk]),
        reverse("admin:notify_inbox_change", args=[boss.pk]) + f"?notice={notice.pk}",
    ):
        assert browser.get(address).status_code == 200, address
    csrf = browser.get("/api/notify/config/").json()["csrf"]
    assert browser.post("/notify/test/", headers=csrf).status_code == 201
    frame = {"ref": "r", "as": "read", "ids": [notice.pk]}
    marked = browser.post("/api/notify/inbox/mark/", frame, "application/json", headers=csrf)
    assert marked.status_code == 200
    assert Notification.objects.get(notice=notice).read is not None


def test_a_notice_is_written_in_the_admin(browser, boss):
    page = reverse("admin:notify_notice_add")
    browser.get(page)
    form = {"users": [boss.pk], "title": "Tea", "level": "info", "form_key": "k"}
    form |= {
        "send_at_0": "",
        "send_at_1": "",
        "csrfmiddlewaretoken": browser.cookies["csrftoken"].value,
    }
    assert browser.post(page, form).status_code == 302
    assert Notice.objects.get().title == "Tea"


def test_a_program_sends(boss):
    _token, plain = ApiToken.objects.issue(boss, "a program", ["inbox", "send"])
    wanted = {"to": {"users": ["boss"]}, "title": "Tée 茶"}
    bearer = {"Authorization": f"Bearer {plain}"}
    sent = Client().post("/api/notify/notices/", wanted, "application/json", headers=bearer)
    assert sent.status_code == 201
    [row] = Client().get("/api/notify/inbox/", headers=bearer).json()["notifications"]
    assert row["title"] == "Tée 茶"


OPTIONS: list[dict[str, Any]] = [{"string_if_invalid": "MISSING %s"}, {"autoescape": False}]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_options_of_the_template_engine(options, settings, make_user, client):
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "OPTIONS": {**engine["OPTIONS"], **options}}]
    boss = make_user("boss", is_superuser=True, is_staff=True)
    client.force_login(boss)
    notice = notify.send(to=boss, title="<script>alert(1)</script>", category="<b>", url="/?a&b")
    for address in ("/notify/", "/notify/?q=<b>", "/notify/operations/"):
        page = client.get(address).content.decode()
        assert "MISSING" not in page, address
        assert "<script>alert" not in page, address
        assert "<b>" not in page, address
    assert notice.pk
