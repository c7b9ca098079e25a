from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.db import connection

from tests.unit.inbox.helpers import Announced, people


@pytest.fixture(autouse=True)
def unheard(announced: Announced) -> None:
    """Nothing here reaches a channel layer."""


@pytest.fixture
def ada(db: None) -> User:
    return people(1, "ada")[0]


@pytest.fixture
def bob(db: None) -> User:
    return people(1, "bob")[0]


@pytest.fixture
def bound_by_the_server(ada: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The parameters of statements go to PostgreSQL beside them."""
    connection.close()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "server_side_binding", True)
    monkeypatch.setattr(connection.features, "uses_server_side_binding", True)
    yield
    connection.close()
