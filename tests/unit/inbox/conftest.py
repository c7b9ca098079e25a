from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from notify.bus.publisher import publisher
from tests.unit.inbox.helpers import Announced, people


@pytest.fixture(autouse=True)
def announced(monkeypatch: pytest.MonkeyPatch) -> Announced:
    """What is announced goes here instead of to a channel layer."""
    announced = Announced()
    monkeypatch.setattr(publisher, "publish", announced.take)
    monkeypatch.setattr(publisher, "publish_work", announced.take_work)
    return announced


@pytest.fixture
def ada(db: None) -> User:
    return people(1, "ada")[0]


@pytest.fixture
def bob(db: None) -> User:
    return people(1, "bob")[0]
