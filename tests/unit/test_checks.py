from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import WARNING, run_checks
from django.db import connection
from django.urls import include, path

import notify
from notify import checks, sending


def ids(messages):
    return [message.id for message in messages]


def ours(**options):
    return [message for message in run_checks(**options) if message.id.startswith("notify.")]


def test_a_project_as_it_comes_has_nothing_to_complain_about():
    assert ours() == []


def test_each_wrong_setting_is_an_error_of_its_own(settings):
    settings.NOTIFY_PING_INTERVAL = 0
    settings.NOTIFY_BATCH_SIZE = 0
    found = ours()
    assert ids(found) == ["notify.E001", "notify.E001"]
    assert "NOTIFY_PING_INTERVAL must be a number above 0." in found[0].msg
    assert "docs/settings.md" in found[0].hint


def test_a_setting_that_is_nearly_ours_is_a_warning(settings):
    settings.NOTIFY_PING_INTERVALL = 20
    [found] = ours()
    assert (found.id, found.level) == ("notify.W013", WARNING)
    assert found.msg == "NOTIFY_PING_INTERVALL is not a setting of notify."
    assert "NOTIFY_PING_INTERVAL?" in found.hint


@pytest.mark.parametrize("name", ["API_KEY", "EMAIL", "TOKEN", "CHANNEL", "TIMEOUT", "USERS"])
def test_a_setting_of_somebody_else_may_begin_with_our_prefix(settings, name):
    setattr(settings, f"NOTIFY_{name}", "theirs")
    assert ours() == []


def install(directory, name, *files):
    information = directory / f"{name.replace('-', '_')}-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (information / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    for file in files:  # from Python 3.12 on, those that are missing do not count
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).touch()


def test_another_distribution_with_a_module_of_our_name_is_a_warning(monkeypatch, tmp_path):
    install(tmp_path, "notify-lite", "notify/__init__.py", "notify/cli.py")
    install(tmp_path, "not-ours", "not_ours/notify/__init__.py", "notify_not.py")
    monkeypatch.syspath_prepend(tmp_path)
    [found] = ours()
    assert (found.id, found.level) == ("notify.W014", WARNING)
    assert found.msg.startswith("notify-lite installs a module `notify` too")
    assert "django-notify-live" in found.hint


def test_our_own_distribution_is_no_other(monkeypatch, tmp_path):
    install(tmp_path, checks.DISTRIBUTION, "notify/__init__.py")
    monkeypatch.syspath_prepend(tmp_path)
    assert ours() == []


@pytest.mark.parametrize(
    ("name", "value", "id_"),
    [("USE_TZ", False, "notify.E007"), ("DEFAULT_CHARSET", "latin-1", "notify.E005")],
)
def test_a_site_that_cannot_hold_our_times_or_texts_is_told(settings, name, value, id_):
    setattr(settings, name, value)
    [found] = ours()
    assert found.id == id_
    assert name in found.msg


@pytest.mark.parametrize("layers", [{}, {"other": {}}])
def test_a_missing_channel_layer_is_a_warning(settings, layers):
    settings.CHANNEL_LAYERS = layers
    [found] = ours()
    assert found.id == "notify.W001"
    assert "10 s late" in found.msg


def test_another_layer_may_be_named(settings):
    settings.CHANNEL_LAYERS = {"other": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    settings.NOTIFY_CHANNEL_LAYER = "other"
    assert ours() == []


class UsersElsewhere:
    def db_for_write(self, model, **hints):
        return "users" if model._meta.app_label == "auth" else None


def test_users_in_another_database_are_an_error(settings):
    settings.DATABASE_ROUTERS = [UsersElsewhere()]
    [found] = ours()
    assert found.id == "notify.E004"
    assert "have the inboxes in 'default', but auth.User in 'users'" in found.msg


@pytest.mark.django_db
def test_the_databases_of_the_tests_are_right():
    assert ours(databases=["default"]) == []


def test_the_database_is_only_looked_at_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    assert ours() == []
    assert checks.check_database(databases=["another"]) == []


def test_another_database_is_an_error(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    monkeypatch.setattr(connection, "display_name", "MySQL")
    [found] = checks.check_database(databases=["default"])
    assert found.id == "notify.E002"
    assert "MySQL" in found.msg


@pytest.mark.sqlite
@pytest.mark.parametrize("mode", [None, "DEFERRED"])
def test_sqlite_without_immediate_transactions_is_an_error(monkeypatch, mode):
    options = {**connection.settings_dict["OPTIONS"], "transaction_mode": mode}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert ids(checks.check_database(databases=["default"])) == ["notify.E003"]


@pytest.mark.sqlite
@pytest.mark.parametrize(("zone", "found"), [("America/New_York", ["notify.E006"]), ("UTC", [])])
def test_sqlite_with_times_of_another_zone_is_an_error(monkeypatch, zone, found):
    monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", zone)
    assert ids(checks.check_database(databases=["default"])) == found


@pytest.fixture
def elsewhere(transactional_db, monkeypatch):
    """A connection to PostgreSQL that tells times of New York."""

    def begin_anew():
        connection.close()
        for name in ("timezone", "timezone_name"):
            vars(connection).pop(name, None)  # cached by Django

    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "TIME_ZONE", "America/New_York")
        begin_anew()
        yield
    begin_anew()


@pytest.mark.postgres
@pytest.mark.usefixtures("silent")
def test_postgresql_may_tell_times_of_another_zone(elsewhere, make_user, client):
    assert checks.check_database(databases=["default"]) == []
    ada, now = make_user("ada"), datetime.now(UTC)
    client.force_login(ada)
    notify.send(to=ada, title="Now", expires=now + timedelta(hours=1))
    notify.send(to=ada, title="Later", send_at=now + timedelta(hours=1))
    assert sending.recall_expired().seen == 0
    assert not sending.carry_out_next()
    [row] = client.get("/api/notify/inbox/").json()["notifications"]
    assert row["title"] == "Now"
    assert abs(datetime.fromisoformat(row["created"]) - now) < timedelta(minutes=5)
    assert datetime.fromisoformat(row["expires"]) - now < timedelta(hours=1, seconds=1)


@pytest.mark.sqlite
def test_sqlite_with_atomic_requests_is_a_warning(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert ids(checks.check_database(databases=["default"])) == ["notify.W002"]


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_with_atomic_requests_is_fine(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert checks.check_database(databases=["default"]) == []


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


def test_a_heartbeat_just_below_the_idle_timeout_of_proxies_is_right(settings):
    settings.NOTIFY_PING_INTERVAL = 54
    assert ours() == []


def test_a_deployment_with_its_layer_in_memory_is_warned(settings):
    [found] = ours(include_deployment_checks=True)
    assert found.id == "notify.W005"
    assert "10 s late" in found.msg
    assert "REDIS_URL" in found.hint


def core_layer(**options):
    return {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": options}}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, ["drops hints above 100", "gives up a socket"]),
        ({"capacity": 1000, "hosts": ["redis://a"]}, ["gives up a socket"]),
        ({"capacity": 1000, "hosts": [{"address": "redis://a", "socket_timeout": 4}]}, ["gives"]),
        ({"hosts": [{"address": "redis://a", "socket_timeout": None}]}, ["drops hints"]),
        ({"capacity": 1000, "hosts": [{"address": "redis://a", "socket_timeout": 10}]}, []),
    ],
)
def test_a_core_layer_that_loses_hints_is_a_warning(settings, options, said):
    settings.CHANNEL_LAYERS = core_layer(**options)
    found = ours()
    assert ids(found) == ["notify.W006"] * len(said)
    for message, words in zip(found, said, strict=True):
        assert words in message.msg


def test_the_pubsub_layer_of_channels_redis_is_a_warning_and_ours_is_not(settings):
    stock = "channels_redis.pubsub.RedisPubSubChannelLayer"
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": stock}}
    [found] = ours()
    assert found.id == "notify.W010"
    assert "notify.bus.layers.RedisPubSubChannelLayer" in found.hint
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "notify.bus.layers.RedisPubSubChannelLayer"}}
    assert ours() == []


def test_any_host_is_a_warning_in_production(settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert "notify.W007" not in ids(ours())
    assert "notify.W007" in ids(ours(include_deployment_checks=True))
    settings.ALLOWED_HOSTS = ["example.org"]
    assert "notify.W007" not in ids(ours(include_deployment_checks=True))


def test_a_daphne_that_was_not_tested_is_a_warning(monkeypatch):
    monkeypatch.setattr(checks, "version", lambda name: "4.3.0")
    [found] = ours()
    assert found.id == "notify.W008"
    assert "Daphne 4.3.0" in found.msg


PROBES = "notify.web.probes.AnswerProbes"


@pytest.mark.parametrize("where", ["nowhere", "last"])
def test_probes_that_are_refused_by_address_are_a_warning(settings, where):
    others = [name for name in settings.MIDDLEWARE if name != PROBES]
    settings.MIDDLEWARE = others if where == "nowhere" else [*others, PROBES]
    [found] = ours()
    assert found.id == "notify.W012"
    assert f"Put '{PROBES}' first" in found.hint


@pytest.mark.parametrize("urls", ["notify.urls", None])
def test_a_project_without_probes_is_not_told_of_them(settings, urls):
    settings.ROOT_URLCONF = urls
    settings.MIDDLEWARE = []
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
def test_a_session_that_the_socket_does_not_get_is_a_warning(
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
def test_a_session_that_the_socket_gets_is_right(settings, cookie, prefix, include_at, others):
    settings.SESSION_COOKIE_PATH = cookie
    settings.ROOT_URLCONF = Routes(prefix, include_at)
    for name, value in others.items():
        setattr(settings, name, value)
    assert ours_of("notify.W015") == []


def ours_of(id_):
    return [message for message in ours() if message.id == id_]


@pytest.mark.parametrize(
    "name",
    [
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
)
def test_what_asks_for_no_host_may_stand_before_the_probes(settings, name):
    settings.MIDDLEWARE = [name, *settings.MIDDLEWARE]
    assert ours() == []
