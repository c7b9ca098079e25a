"""Kinds that a test declares are forgotten after it."""

from __future__ import annotations

import pytest

from notify.kinds import registry


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", dict(registry._kinds))
