from __future__ import annotations

from typing import Any

import pytest

from notify.management.doctor.target import Target, path_at, socket_path_at


def target(url: str) -> Target:
    return Target(url, cookie="", send=lambda: 0)


@pytest.mark.parametrize(
    ("url", "origin", "address", "is_secure"),
    [
        ("https://a.example/app/", "https://a.example", ("a.example", 443), True),
        ("http://a.example", "http://a.example", ("a.example", 80), False),
        ("http://[::1]:8001/", "http://[::1]:8001", ("::1", 8001), False),
    ],
)
def test_origin_and_address_are_those_of_the_url(
    url: str, origin: str, address: tuple[str, int], is_secure: bool
) -> None:
    found = target(url)
    assert (found.origin, found.address, found.is_secure) == (origin, address, is_secure)
    assert (found.context is not None) is is_secure


def test_paths_are_below_the_prefix_of_the_url_once() -> None:
    assert target("https://a.example/app/").path("/notify/") == "/app/notify/"
    assert path_at("https://a.example/app", "/app/notify/") == "/app/notify/"
    assert path_at("https://a.example", "/notify/") == "/notify/"


def test_the_path_of_the_socket_is_the_setting_where_it_is_set(settings: Any) -> None:
    assert socket_path_at("https://a.example/app/") == "/app/ws/notify/"
    settings.NOTIFY_SOCKET_PATH = "/elsewhere"
    assert socket_path_at("https://a.example/app/") == "/elsewhere"
