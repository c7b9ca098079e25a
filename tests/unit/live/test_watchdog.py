"""Which processes are not watched. What the watchdog ends is in
tests/integration/test_watchdog.py."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from django.core import mail

from notify.live import watchdog


@pytest.mark.parametrize(
    ("command", "reloads", "debug", "expected"),
    [
        ("manage.py serve", "", False, False),
        ("daphne config.asgi:application", "", False, False),
        ("manage.py serve", "", True, True),
        ("manage.py runserver", "", False, True),
        ("anything", "true", False, True),
    ],
)
def test_a_process_for_development_is_not_watched(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    *,
    command: str,
    reloads: str,
    debug: bool,
    expected: bool,
) -> None:
    monkeypatch.delattr(mail, "outbox")
    monkeypatch.setattr(sys, "argv", command.split())
    monkeypatch.setenv("RUN_MAIN", reloads)
    settings.DEBUG = debug
    assert watchdog._is_development() is expected


def test_the_tests_of_a_project_are_not_watched() -> None:
    assert watchdog._is_development()
