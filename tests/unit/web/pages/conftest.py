from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture
def page(silent: None, ada: User, client: Client) -> Client:
    """Of ada, who is signed in."""
    client.force_login(ada)
    return client
