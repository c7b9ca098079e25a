from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError

from notify.exceptions import Busy
from notify.inbox import control
from notify.sending import after_commit, expiry

pytestmark = pytest.mark.django_db


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Three notices have expired: the second cannot be recalled now, the third was before."""
    found: list[int] = []
    monkeypatch.setattr(control, "expired_notices", lambda: [1, 2, 3])
    monkeypatch.setattr(after_commit, "finish_recall", lambda notice, _: found.append(notice))
    return found


@pytest.mark.parametrize("error", [Busy("locked"), DatabaseError("serialization failure")])
def test_one_that_fails_does_not_keep_the_others(
    finished: list[int],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    def start_recall(notice: int, **_: Any) -> Any:
        if notice == 2:
            raise error
        return object() if notice == 1 else None

    caplog.set_level("INFO")
    monkeypatch.setattr(control, "start_recall", start_recall)
    assert expiry.recall_expired() == expiry.Expiry(seen=3, recalled=1)
    assert finished == [1]
    assert "Notice 2 has expired" in caplog.text
