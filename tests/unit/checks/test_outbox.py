"""What leaves the browser needs to know where the site is."""

from __future__ import annotations

import django
import pytest

import notify
from notify.checks import outbox
from notify.kinds import registry
from notify.outbox import Channel
from notify.outbox.email import WITH_MAILERS
from tests.unit.checks.findings import ids, ours


class Bulk(notify.Email):
    key = "bulk"


class Pigeon(Channel):
    key = "email"  # by name only


def declare(monkeypatch, channel):
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))

    class Mailed(notify.Kind):
        key = "shop.mailed"
        channels = [channel]


@pytest.fixture(params=[notify.Email, Bulk])
def mailed(request, monkeypatch):
    declare(monkeypatch, request.param())


def test_mails_without_the_address_of_the_site_are_an_error(settings, mailed):
    settings.NOTIFY_SITE_URL = None
    [found] = ours()
    assert found.id == "notify.E011"
    assert "NOTIFY_SITE_URL" in found.hint
    settings.NOTIFY_SITE_URL = "https://example.org"
    assert ours() == []


def test_a_site_that_mails_nothing_needs_no_address(settings, monkeypatch):
    settings.NOTIFY_SITE_URL = None
    assert ours() == []
    declare(monkeypatch, Pigeon())
    assert ours() == []


def test_mails_that_cannot_have_the_header_are_a_warning_in_production(settings, mailed):
    settings.NOTIFY_SITE_URL = "http://example.org"
    assert "notify.W017" not in ids(ours())
    assert "notify.W017" in ids(ours(include_deployment_checks=True))
    settings.NOTIFY_SITE_URL = "https://example.org"
    assert "notify.W017" not in ids(ours(include_deployment_checks=True))


if django.VERSION >= WITH_MAILERS:

    def test_a_mailer_that_the_site_does_not_have_is_an_error(settings, monkeypatch):
        settings.NOTIFY_SITE_URL = "https://example.org"
        backend = {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        settings.MAILERS = {"default": backend, "bulk": backend}
        declare(monkeypatch, notify.Email(using="bulk"))
        assert ours() == []
        declare(monkeypatch, notify.Email(using="bluk"))
        [found] = ours()
        assert found.id == "notify.E012"
        assert "'bluk'" in found.msg
        assert "'default', 'bulk'" in found.hint

    def test_a_site_with_a_backend_has_the_default_mailer(settings, monkeypatch):
        settings.NOTIFY_SITE_URL = "https://example.org"
        if hasattr(settings, "MAILERS"):
            del settings.MAILERS
        declare(monkeypatch, notify.Email(using="default"))
        assert outbox.check_mailers() == []
        declare(monkeypatch, notify.Email(using="bulk"))
        assert ids(outbox.check_mailers()) == ["notify.E012"]
