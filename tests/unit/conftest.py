"""What all unit tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django.fixtures import Settings

from notify.sql import database, waits
from tests.unit.admin.helpers import allow, send_at_once


@pytest.fixture(autouse=True)
def no_collected_static_files(settings: Settings) -> None:
    """WhiteNoise warns where STATIC_ROOT is missing; unit tests take no file from there."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def nobody_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    send_at_once(monkeypatch)


@pytest.fixture(autouse=True)
def a_busy_machine_is_no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a statement that took half a second of it counts as one that has waited for a lock, and
    the next one is preceded by a statement that limits it; one that took two seconds is refused."""
    monkeypatch.setattr(waits, "SLOW_S", 60.0)
    monkeypatch.setattr(waits, "STATEMENT_MARGIN_MS", 60_000)


@pytest.fixture(autouse=True)
def what_a_connection_knows_stays_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one test in a hundred that counts queries is the one in which ten seconds are over."""
    monkeypatch.setattr(database, "FACTS_LIFETIME_S", 3600.0)


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def staff(make_user: Callable[..., User], client: Client) -> User:
    """Signed in, with the permission to send and no other."""
    user = allow(make_user("staff", is_staff=True), "send_notice")
    client.force_login(user)
    return user
