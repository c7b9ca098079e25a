"""What pytest finds by itself where notify is installed (the entry point `pytest11`). It imports
nothing of notify or Django until a test asks for it: projects without either run pytest too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def notify_immediate_delivery() -> Iterator[None]:
    """Carries out at once, inside the test's transaction, what the test sends, recalls and marks:
    notify.testing.immediate_delivery() around the test."""
    from notify.testing import immediate_delivery

    with immediate_delivery():
        yield
