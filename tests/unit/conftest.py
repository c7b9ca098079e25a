"""What all unit tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation
from pytest_django.fixtures import Settings

from tests.harness.steady_queries import (
    a_busy_machine_is_no_lock,
    what_a_connection_knows_stays_known,
)
from tests.unit.admin.helpers import allow, send_at_once

__all__ = ["a_busy_machine_is_no_lock", "what_a_connection_knows_stays_known"]


@pytest.fixture(autouse=True)
def no_collected_static_files(settings: Settings) -> None:
    """WhiteNoise warns where STATIC_ROOT is missing; unit tests take no file from there."""
    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(autouse=True)
def nobody_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    send_at_once(monkeypatch)


@pytest.fixture(autouse=True)
def the_language_of_a_request_ends_with_its_test() -> Iterator[None]:
    """Django's test client leaves that of its last request active."""
    yield
    translation.deactivate()


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def staff(make_user: Callable[..., User], client: Client) -> User:
    """Signed in, with the permission to send and no other."""
    user = allow(make_user("staff", is_staff=True), "send_notice")
    client.force_login(user)
    return user
