"""Which language and zone somebody reads in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from notify.changes import Locale
from notify.kinds import registry
from notify.models import Reader
from notify.readers import locales
from notify.readers.profile import set_profile

pytestmark = pytest.mark.django_db

SITE = Locale("en", "UTC")


@pytest.fixture(autouse=True)
def site(settings) -> None:
    settings.LANGUAGE_CODE, settings.TIME_ZONE = SITE
    settings.LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("ar", "العربية")]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("de", "Europe/Berlin"), Locale("de", "Europe/Berlin")),
        (("de-at", None), Locale("de", "UTC")),
        (("fr", "Asia/Kathmandu"), Locale("en", "Asia/Kathmandu")),
        (("", ""), SITE),
        ((None, None), SITE),
        (("../../etc", "../../etc/passwd"), SITE),
        (("d\0e", "Europe/\0Berlin"), SITE),
        (("x" * 5000, "x" * 5000), SITE),
    ],
)
def test_what_this_site_does_not_have_is_as_if_it_was_left_out(asked: Any, found: Locale) -> None:
    language, zone = asked
    assert locales.named(language, zone, SITE) == found


def test_thousands_of_sockets_share_one() -> None:
    assert locales.named("de", "UTC", SITE) is locales.named("de", None, Locale("ar", "UTC"))


def test_only_a_client_that_names_no_language_is_told_its_persons_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_kinds", {"a.kind": object})
    assert locales.asked("de", None) == Locale("de", "UTC")
    assert locales.asked(None, "Asia/Kathmandu") is None
    monkeypatch.setattr(registry, "_kinds", {})
    assert locales.asked(None, "Asia/Kathmandu") == Locale("en", "Asia/Kathmandu")


def of_project(user: User) -> dict[str, str]:
    return {"language": "ar", "zone": "Africa/Cairo"}


def broken(user: User) -> dict[str, str]:
    raise RuntimeError(user.get_username())


def test_what_was_chosen_goes_before_the_project_before_the_last_page_before_the_site(
    ada: User, settings
) -> None:
    name = str(ada.pk)
    assert locales.own(name) == SITE
    locales.note_shown([(name, Locale("de", "Europe/Berlin"))])
    assert locales.own(name) == Locale("de", "Europe/Berlin")
    settings.NOTIFY_READER = f"{__name__}.of_project"
    assert locales.own(name) == Locale("ar", "Africa/Cairo")
    set_profile(str(ada.pk), {"language": "en"})
    assert locales.own(name) == Locale("en", "Africa/Cairo")
    assert locales.own(name, "Asia/Tokyo") == Locale("en", "Asia/Tokyo")
    set_profile(str(ada.pk), {"language": ""})
    assert locales.own(name) == Locale("ar", "Africa/Cairo")


def test_a_callable_that_fails_is_logged_without_the_user_and_says_nothing(
    ada: User, settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.NOTIFY_READER = f"{__name__}.broken"
    assert locales.own(str(ada.pk)) == SITE
    assert "NOTIFY_READER" in caplog.records[0].message


def test_a_page_is_noted_once_and_moves_nothing_that_was_chosen(
    ada: User, django_assert_num_queries
) -> None:
    bob = User.objects.create_user("bob")
    set_profile(str(ada.pk), {"language": "ar"})
    shown = [(str(one.pk), Locale("de", "UTC")) for one in (ada, bob)]
    assert locales.note_shown([*shown, ("999999", Locale("de", "UTC"))]) == [True] * 3
    assert {(one.user_id, one.language, one.shown_language) for one in Reader.objects.all()} == {
        (ada.pk, "ar", "de"),
        (bob.pk, "", "de"),
    }
    with django_assert_num_queries(1):
        assert locales.note_shown(shown) == [False] * 2
    assert locales.note_shown([(str(bob.pk), Locale("en", "UTC"))]) == [False]
    assert locales.note_shown([(str(bob.pk), Locale("en", "Asia/Tokyo"))]) == [True]
    reader = Reader.objects.get(user=bob)
    assert (reader.shown_language, reader.shown_zone) == ("en", "Asia/Tokyo")
