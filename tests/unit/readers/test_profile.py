from __future__ import annotations

from datetime import time
from typing import Any

import pytest
from django.contrib.auth.models import User

from notify.changes import Locale
from notify.exceptions import InvalidPreference
from notify.models import Reader
from notify.readers import locales
from notify.readers.profile import Quiet, profile_of, set_profile
from tests.unit.inbox.helpers import key

pytestmark = pytest.mark.django_db


def test_only_what_is_named_changes(ada: User) -> None:
    assert profile_of(key(ada)) == {"quiet": None, "language": "", "zone": ""}
    set_profile(key(ada), {"zone": "Europe/Berlin"})
    set_profile(key(ada), {"quiet": Quiet(time(22), time(7, 30))})
    set_profile(key(ada), {"language": "de"})
    set_profile(key(ada), {})
    assert profile_of(key(ada)) == {
        "quiet": {"start": "22:00", "end": "07:30"},
        "language": "de",
        "zone": "Europe/Berlin",
    }
    set_profile(key(ada), {"quiet": None})
    assert profile_of(key(ada))["quiet"] is None


def test_nothing_is_stored_for_who_has_chosen_nothing(ada: User) -> None:
    profile_of(key(ada))
    set_profile(key(ada), {})
    assert not Reader.objects.exists()


def test_a_start_that_is_the_end_is_no_quiet(ada: User) -> None:
    set_profile(key(ada), {"quiet": Quiet(time(7), time(7))})
    assert profile_of(key(ada))["quiet"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "xx"),
        ("zone", "Mars/Olympus"),
        ("zone", "../../etc/passwd"),
        ("quiet", Quiet(time(7), time(6, 30))),
        ("quiet", Quiet(time(0), time(23, 0, 1))),
    ],
)
def test_what_the_site_does_not_have_is_refused(ada: User, field: str, value: Any) -> None:
    with pytest.raises(InvalidPreference) as refused:
        set_profile(key(ada), {field: value})
    assert refused.value.field == field
    assert not Reader.objects.exists()


def test_the_zone_that_was_chosen_is_that_of_clients_that_name_none(ada: User) -> None:
    set_profile(key(ada), {"zone": "Asia/Kathmandu"})
    assert locales.own(key(ada)) == Locale("en", "Asia/Kathmandu")
    assert locales.own(key(ada), "Europe/Berlin").zone == "Europe/Berlin"
