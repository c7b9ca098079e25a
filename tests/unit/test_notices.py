"""The notices that notify sends by itself."""

from __future__ import annotations

import pytest

from notify.kinds import rendering
from notify.models import content
from notify.notices import NewDevice, PasswordChanged, Welcome


@pytest.mark.parametrize("kind", [Welcome(), PasswordChanged(), NewDevice(device="Firefox")])
@pytest.mark.parametrize("language", ["en", "de"])
def test_they_can_be_read_in_all_languages_of_notify(kind, language):
    texts = content.check(**rendering.contents(kind, language))
    assert texts["kind"].startswith("notify.")
    english = rendering.contents(kind, "en")
    assert (texts["body"] == english["body"]) is (language == "en")


def test_a_device_without_a_name_is_left_out():
    assert NewDevice().body() == "If this wasn't you, change your password now."
    assert NewDevice(device="Safari on iOS").body().startswith("From Safari on iOS. If")


def test_the_password_page_is_that_of_the_request_in_which_it_was_sent():
    """A site may be mounted below a path, which the event loop that pushes does not know."""
    assert rendering.contents(PasswordChanged(password_page="/site/p/"))["url"] == "/site/p/"
    assert rendering.contents(PasswordChanged())["url"] is None
