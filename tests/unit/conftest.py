"""What all unit tests share."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def no_collected_static_files(settings: Settings) -> None:
    """WhiteNoise warns where STATIC_ROOT is missing; unit tests take no file from there."""
    settings.WHITENOISE_AUTOREFRESH = True
