from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

import notify
from notify import sending
from notify.checks import database
from tests.unit.checks.findings import ids, ours


class UsersElsewhere:
    def db_for_write(self, model, **hints):
        return "users" if model._meta.app_label == "auth" else None


def test_users_in_another_database_are_an_error(settings):
    settings.DATABASE_ROUTERS = [UsersElsewhere()]
    [found] = ours()
    assert found.id == "notify.E004"
    assert "put the inboxes in 'default', but auth.User in 'users'" in found.msg


@pytest.mark.django_db
def test_the_database_of_the_tests_has_no_findings():
    assert ours(databases=["default"]) == []


def test_the_database_is_only_checked_if_it_is_named(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    assert ours() == []
    assert database.check_database(databases=["another"]) == []


def test_another_database_is_an_error(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    monkeypatch.setattr(connection, "display_name", "MySQL")
    [found] = database.check_database(databases=["default"])
    assert found.id == "notify.E002"
    assert "MySQL" in found.msg


@pytest.mark.sqlite
@pytest.mark.parametrize("mode", [None, "DEFERRED"])
def test_sqlite_without_immediate_transactions_is_an_error(monkeypatch, mode):
    options = {**connection.settings_dict["OPTIONS"], "transaction_mode": mode}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert ids(database.check_database(databases=["default"])) == ["notify.E003"]


@pytest.mark.sqlite
@pytest.mark.parametrize(("zone", "found"), [("America/New_York", ["notify.E006"]), ("UTC", [])])
def test_sqlite_with_another_time_zone_is_an_error(monkeypatch, zone, found):
    monkeypatch.setitem(connection.settings_dict, "TIME_ZONE", zone)
    assert ids(database.check_database(databases=["default"])) == found


@pytest.fixture
def elsewhere(transactional_db, monkeypatch):
    """A connection to PostgreSQL whose time zone is New York."""

    def reconnect():
        connection.close()
        for name in ("timezone", "timezone_name"):
            vars(connection).pop(name, None)  # cached by Django

    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "TIME_ZONE", "America/New_York")
        reconnect()
        yield
    reconnect()


@pytest.mark.postgres
@pytest.mark.usefixtures("silent")
def test_postgresql_may_use_another_time_zone(elsewhere, make_user, client):
    assert database.check_database(databases=["default"]) == []
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
    assert ids(database.check_database(databases=["default"])) == ["notify.W002"]


@pytest.mark.postgres
@pytest.mark.django_db
def test_postgresql_with_atomic_requests_is_fine(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert database.check_database(databases=["default"]) == []
