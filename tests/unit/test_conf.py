from __future__ import annotations

import dataclasses
import math

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from config.settings import APP_VARIABLES
from notify import conf
from notify.conf import Conf


def test_the_defaults_are_those_of_the_protocol():
    settings = Conf()
    assert (settings.ping_interval, settings.ping_timeout) == (20, 15)
    assert settings.sweep_interval == 10
    assert (settings.sockets_per_user, settings.sockets_per_address) == (20, None)
    assert (settings.frames_per_second, settings.frames_burst) == (20, 60)
    assert settings.max_socket_age == 12 * 3600
    assert settings.publish_timeout == 1
    assert settings.batch_size == 5000


@pytest.mark.parametrize(
    ("debug", "hears_others", "interval", "seconds"),
    [(True, False, 10, 1), (True, False, 0.2, 0.2), (True, True, 10, 10), (False, False, 10, 10)],
)
def test_with_debug_a_process_without_a_shared_layer_sweeps_often(
    debug, hears_others, interval, seconds
):
    with override_settings(DEBUG=debug, NOTIFY_SWEEP_INTERVAL=interval):
        assert conf.sweep_interval(hears_others=hears_others) == seconds


def test_every_setting_passes_its_own_check():
    for entry in dataclasses.fields(Conf):
        assert entry.metadata["check"](entry.default) == entry.default


def test_every_setting_has_its_environment_variable():
    names = {"NOTIFY_" + entry.name.upper() for entry in dataclasses.fields(Conf)}
    assert names == set(APP_VARIABLES)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("PING_INTERVAL", 5, 5.0),
        ("PING_INTERVAL", None, None),
        ("KEEP_DAYS", 365_000, 365_000),
        ("PING_TIMEOUT", 0.5, 0.5),
        ("SOCKETS_PER_ADDRESS", 3, 3),
        ("SOCKETS_PER_ADDRESS", None, None),
        ("SERVER_WORKERS", 0, 0),
        ("SOCKET_PATH", None, None),
        ("SOCKET_PATH", "/links/socket", "/links/socket"),
        ("TASK_BACKEND", "default", "default"),
        ("WELCOME", False, False),
        ("SITE_URL", "HTTPS://Example.ORG:443/", "https://example.org"),
        ("SITE_URL", None, None),
        ("ALLOWED_ORIGINS", [], ()),
        ("ALLOWED_ORIGINS", ["HTTPS://Example.ORG/"], ("https://example.org",)),
        ("ALLOWED_ORIGINS", ("http://a.b:8000",), ("http://a.b:8000",)),
        ("ALLOWED_ORIGINS", ["https://a.b:443"], ("https://a.b",)),
        ("ALLOWED_ORIGINS", ["http://a.b:80"], ("http://a.b",)),
        ("ALLOWED_ORIGINS", ["http://a.b:443"], ("http://a.b:443",)),
        ("ALLOWED_ORIGINS", ["https://[::1]:8443"], ("https://[::1]:8443",)),
        ("ALLOWED_ORIGINS", ["https://[::443]"], ("https://[::443]",)),
    ],
)
def test_right_values_are_read(name, value, read):
    with override_settings(**{f"NOTIFY_{name}": value}):
        assert getattr(conf.current(), name.lower()) == read
        assert Conf.problems() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PING_INTERVAL", 0),
        ("PING_INTERVAL", -1),
        ("PING_INTERVAL", "20"),
        ("PING_INTERVAL", True),
        ("PING_TIMEOUT", math.nan),
        ("MAX_SOCKET_AGE", math.inf),
        ("SWEEP_INTERVAL", None),
        ("BATCH_SIZE", 0),
        ("BATCH_SIZE", 1.5),
        ("SERVER_WORKERS", -1),
        ("DATABASE_THREADS", 0),
        ("SOCKETS_PER_PROCESS", 0),
        ("SOCKETS_PER_USER", None),
        ("WELCOME", "off"),
        ("KEEP_DAYS", 365_001),
        ("WELCOME", 1),
        ("CHANNEL_LAYER", ""),
        ("SOCKET_PATH", ""),
        ("SOCKET_PATH", "ws/notify/"),
        ("SOCKET_PATH", "/"),  # the path of a page
        ("SOCKET_PATH", "//evil.example/"),
        ("SOCKET_PATH", "wss://example.org/ws/"),
        ("SOCKET_PATH", "/ws/?a"),
        ("TASK_BACKEND", ""),
        ("SITE_URL", "example.org"),
        ("SITE_URL", "https://example.org/path"),
        ("ALLOWED_ORIGINS", "https://example.org"),
        ("ALLOWED_ORIGINS", ["example.org"]),
        ("ALLOWED_ORIGINS", ["ftp://example.org"]),
        ("ALLOWED_ORIGINS", ["https://example.org/path"]),
        ("ALLOWED_ORIGINS", ["https://example.org?x"]),
        ("ALLOWED_ORIGINS", ["https://user@example.org"]),
        ("ALLOWED_ORIGINS", ["https://example.org:port"]),
        ("ALLOWED_ORIGINS", ["https://"]),
        ("ALLOWED_ORIGINS", ["*"]),
        ("ALLOWED_ORIGINS", [None]),
        ("ALLOWED_ORIGINS", 1),
    ],
)
def test_a_wrong_value_is_named(name, value):
    with override_settings(**{f"NOTIFY_{name}": value}):
        with pytest.raises(ImproperlyConfigured, match=rf"^NOTIFY_{name} .*must be .*\.$"):
            conf.current()
        [(setting, _)] = Conf.problems()
        assert setting == f"NOTIFY_{name}"


def test_all_problems_are_reported_together():
    with override_settings(NOTIFY_PING_INTERVAL=0, NOTIFY_WELCOME="no"):
        wrong = [name for name, _ in Conf.problems()]
    assert wrong == ["NOTIFY_PING_INTERVAL", "NOTIFY_WELCOME"]


def test_misspelled_names_are_reported_and_names_of_other_packages_are_not():
    with override_settings(NOTIFY_BATCHSIZE=3, NOTIFY_KEEP_DAY=3, NOTIFY_API_KEY="theirs"):
        assert Conf.problems() == []
        assert Conf.misspelled() == [
            ("NOTIFY_BATCHSIZE", "NOTIFY_BATCH_SIZE"),
            ("NOTIFY_KEEP_DAY", "NOTIFY_KEEP_DAYS"),
        ]


def test_the_settings_are_read_once():
    assert conf.current() is conf.current()
