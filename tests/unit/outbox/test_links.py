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
