from __future__ import annotations

import pytest
from django.contrib.auth.models import User

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
