from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _own_kinds(own_kinds: None) -> None:
    """For each test of kinds."""
