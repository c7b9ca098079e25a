"""A pytest plugin, found by the entry point `pytest11` wherever notify is installed.

It imports nothing of notify or Django until a test uses it: projects without either run pytest
too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture
def notify_immediate_delivery() -> Iterator[None]:
    """Runs the test inside `notify.testing.immediate_delivery()`: what it sends, recalls and marks
    is carried out at once, in the test's transaction."""
    from notify.testing import immediate_delivery

    with immediate_delivery():
        yield
