from __future__ import annotations

import pytest
from django.core.checks import WARNING

from tests.unit.checks.findings import ids, ours


def test_each_wrong_setting_is_an_error_of_its_own(settings):
    settings.NOTIFY_PING_INTERVAL = 0
    settings.NOTIFY_BATCH_SIZE = 0
    found = ours()
    assert ids(found) == ["notify.E001", "notify.E001"]
    assert "NOTIFY_PING_INTERVAL must be a number above 0." in found[0].msg
    assert "docs/settings.md" in found[0].hint


def test_a_misspelled_setting_is_a_warning(settings):
    settings.NOTIFY_PING_INTERVALL = 20
    [found] = ours()
    assert (found.id, found.level) == ("notify.W013", WARNING)
    assert found.msg == "NOTIFY_PING_INTERVALL is not a setting of notify."
    assert "NOTIFY_PING_INTERVAL?" in found.hint


@pytest.mark.parametrize("path", ["nowhere.at_all", "no_dot", f"{__name__}.__name__"])
@pytest.mark.parametrize("name", ["NOTIFY_ACTOR_PICTURE", "NOTIFY_READER"])
def test_a_function_that_cannot_be_imported_is_an_error(settings, name, path):
    setattr(settings, name, path)
    [found] = ours()
    assert found.id == "notify.E008"
    assert name in found.msg
    setattr(settings, name, "notify.isolate")
    assert ours() == []


@pytest.mark.parametrize("name", ["API_KEY", "EMAIL", "TOKEN", "CHANNEL", "TIMEOUT", "USERS"])
def test_a_setting_of_another_package_may_begin_with_the_same_prefix(settings, name):
    setattr(settings, f"NOTIFY_{name}", "theirs")
    assert ours() == []


@pytest.mark.parametrize(
    ("interval", "timeout", "id_", "cure"),
    [
        (None, 15, "notify.W003", "Set it to 20"),
        (None, None, "notify.W003", "Set it to 20"),
        (60, 15, "notify.W003", "proxy_read_timeout"),
        (55, 15, "notify.W003", "proxy_read_timeout"),  # with its jitter of 10 %
        (20, None, "notify.W004", "Set it to 15"),
    ],
)
def test_a_heartbeat_that_keeps_no_socket_open_is_a_warning(settings, interval, timeout, id_, cure):
    settings.NOTIFY_PING_INTERVAL = interval
    settings.NOTIFY_PING_TIMEOUT = timeout
    [found] = ours()
    assert found.id == id_
    assert cure in found.hint


def test_a_ping_interval_just_below_the_idle_timeout_of_proxies_is_fine(settings):
    settings.NOTIFY_PING_INTERVAL = 54
    assert ours() == []


def staff():
    from django.contrib.auth.models import User

    yield User.objects.filter(is_staff=True), {"all": {"fax": False}}


def no_users():
    return [(None, {})]


@pytest.mark.parametrize(
    ("name", "value", "id_", "text"),
    [
        ("DEFAULTS", {"all": {"fax": True}}, "notify.E009", "the channel 'fax'"),
        ("DEFAULTS", {"kind:no.such": {"inbox": True}}, "notify.W016", "'kind:no.such'"),
        ("DEFAULTS", {"orders": {"inbox": True}}, "notify.E001", "'orders'"),
        ("DEFAULTS", {"all": False}, "notify.E001", "True or False of channels"),
        ("DEFAULTS", [], "notify.E001", "must be a dictionary"),
        ("GROUP_DEFAULTS", f"{__name__}.staff", "notify.E009", "NOTIFY_GROUP_DEFAULTS names"),
        ("GROUP_DEFAULTS", f"{__name__}.no_users", "notify.E010", "querysets of users"),
        ("GROUP_DEFAULTS", f"{__name__}.missing", "notify.E010", "missing"),
        ("MAY_FOLLOW", "no.module", "notify.E008", "No module named"),
        ("MAY_FOLLOW", f"{__name__}.__name__", "notify.E008", "is not a function"),
    ],
)
def test_what_holds_by_default_is_checked(settings, name, value, id_, text):
    setattr(settings, f"NOTIFY_{name}", value)
    [found] = ours()
    assert found.id == id_
    assert text in found.msg
    assert found.hint
