from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from notify.outbox import links


def test_a_path_is_one_of_the_site() -> None:
    assert links.absolute("/orders/7/?a=b#c") == "https://example.org/orders/7/?a=b#c"


@pytest.mark.parametrize("url", ["https://a.example/b", "http://a.example/"])
def test_another_address_stays(url: str) -> None:
    assert links.absolute(url) == url


def test_pages_are_those_of_the_project() -> None:
    assert links.inbox() == "https://example.org/notify/"
    assert links.manage() == "https://example.org/notify/preferences/"
    assert links.unsubscribe("a:b") == "https://example.org/notify/unsubscribe/a:b/"


def test_a_page_that_the_project_does_not_have_is_none(settings: Any) -> None:
    settings.ROOT_URLCONF = "notify.web.probes.urls"
    assert links.inbox() is links.manage() is links.unsubscribe("a") is None


def test_the_host_is_written_in_ascii(settings: Any) -> None:
    settings.NOTIFY_SITE_URL = "https://bücher.example:8443"
    assert links.host() == "xn--bcher-kva.example"


def test_the_setting_is_named_where_it_is_missing(settings: Any) -> None:
    settings.NOTIFY_SITE_URL = None
    with pytest.raises(ImproperlyConfigured, match="Set NOTIFY_SITE_URL, such as"):
        links.absolute("/")


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("/orders/A-7/", "https://example.org/orders/A-7/?notify-read=17"),
        ("/orders/?a=b%20c", "https://example.org/orders/?a=b%20c&notify-read=17"),
        ("/orders/?a=b#parcels", "https://example.org/orders/?a=b&notify-read=17#parcels"),
        ("/orders/#a?b", "https://example.org/orders/?notify-read=17#a?b"),
        ("https://example.org/a/", "https://example.org/a/?notify-read=17"),
        ("https://example.org", "https://example.org?notify-read=17"),
        ("https://example.org.evil.example/", "https://example.org.evil.example/"),
        ("https://elsewhere.example/a/", "https://elsewhere.example/a/"),
        (None, "https://example.org/notify/?notify-read=17"),
    ],
)
def test_a_link_to_a_notice_names_it_where_a_page_of_the_site_can_mark_it(
    url: str | None, leads_to: str
) -> None:
    assert links.to_notice(url, 17) == leads_to


def test_a_notice_without_a_link_has_none_where_there_is_no_inbox(settings: Any) -> None:
    settings.ROOT_URLCONF = "notify.web.probes.urls"
    assert links.to_notice(None, 17) is None
