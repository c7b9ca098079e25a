"""Fixtures for tests that count queries: as many on a busy machine as on a quiet one."""

from __future__ import annotations

import pytest

from notify.sql import database, waits


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
