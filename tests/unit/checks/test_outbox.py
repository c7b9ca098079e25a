"""What leaves the browser needs to know where the site is."""

from __future__ import annotations

import pytest

import notify
from notify.kinds import registry
from tests.unit.checks.findings import ids, ours


@pytest.fixture
def mailed(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))

    class Mailed(notify.Kind):
        key = "shop.mailed"
        channels = [notify.Email()]


def test_mails_without_the_address_of_the_site_are_an_error(settings, mailed):
    settings.NOTIFY_SITE_URL = None
    [found] = ours()
    assert found.id == "notify.E011"
    assert "NOTIFY_SITE_URL" in found.hint
    settings.NOTIFY_SITE_URL = "https://example.org"
    assert ours() == []


def test_a_site_that_mails_nothing_needs_no_address(settings):
    settings.NOTIFY_SITE_URL = None
    assert ours() == []


def test_mails_that_cannot_have_the_header_are_a_warning_in_production(settings, mailed):
    settings.NOTIFY_SITE_URL = "http://example.org"
    assert "notify.W017" not in ids(ours())
    assert "notify.W017" in ids(ours(include_deployment_checks=True))
    settings.NOTIFY_SITE_URL = "https://example.org"
    assert "notify.W017" not in ids(ours(include_deployment_checks=True))
