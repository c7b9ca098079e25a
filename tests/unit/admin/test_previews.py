from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

import notify
from notify.admin import previews
from notify.bus import online
from notify.exceptions import InvalidNotice
from notify.kinds import registry
from tests.unit.kinds import examples


def told(to: Any) -> previews.Sample:
    sample = previews.sample_audience(to)
    assert sample is not None
    return sample


def test_a_sample_has_the_first_ten_by_username_and_their_full_names(
    make_user: Callable[..., User],
) -> None:
    for n in reversed(range(12)):
        make_user(f"user{n:02}", first_name="Ada" if n == 0 else "")
    sample = told(notify.everyone())
    assert sample.count == 12
    assert sample.names == ["user00 (Ada)", *(f"user{n:02}" for n in range(1, 10))]
    assert previews.audience_texts(12, sample) == {
        "people": "12 people",
        "facts": "",
        "sample": sample.names,
        "others": "2",
    }


def test_of_an_audience_staff_and_the_long_absent_are_counted(
    make_user: Callable[..., User],
) -> None:
    now = timezone.now()
    long_ago, lately = now - timedelta(days=366), now - timedelta(days=364)
    make_user("staff", is_staff=True, last_login=lately)
    make_user("away", is_staff=True, last_login=long_ago)
    make_user("never", date_joined=long_ago)
    make_user("new", date_joined=lately)
    with CaptureQueriesContext(connection) as queries:
        sample = told(notify.everyone())
    assert sample.facts == ["2 staff members", "2 haven't signed in for a year"]
    selects = [one["sql"] for one in queries if one["sql"].startswith("SELECT")]
    assert len(selects) == 2  # the counts, and the names
    one = told(User.objects.filter(username="away"))
    assert one.facts == ["1 staff member", "1 hasn't signed in for a year"]


@pytest.fixture
def is_online(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`is_online(ada, bob)`, or `is_online(None)` where nobody can tell."""

    def set_online(*users: User | None, share: float = 1.0) -> None:
        keys = frozenset(str(user.pk) for user in users if user is not None)
        found = None if users == (None,) else online.Online(keys, share)
        monkeypatch.setattr(online, "online", lambda: found)

    return set_online


def test_of_an_audience_those_online_are_counted_in_one_query(
    ada: User, make_user: Callable[..., User], is_online: Callable[..., None]
) -> None:
    is_online(ada, make_user("bob"), make_user("gone", is_active=False))
    with CaptureQueriesContext(connection) as queries:
        assert previews.online_text([notify.everyone()]) == "2 online now"
    assert len([one for one in queries if one["sql"].startswith("SELECT")]) == 1
    assert previews.online_text([ada]) == "1 online now"
    with translation.override("de"):
        assert previews.online_text([ada]) == "1 gerade online"


def test_of_very_many_online_a_share_is_counted_and_never_more_than_the_audience(
    ada: User, make_user: Callable[..., User], is_online: Callable[..., None]
) -> None:
    bob = make_user("bob")
    for n in range(10):
        make_user(f"user{n}")
    is_online(ada, bob, share=0.25)
    assert previews.online_text([notify.everyone()]) == "About 8 online now"
    assert previews.online_text([ada, bob]) == "About 2 online now"


def test_where_nobody_can_tell_who_is_online_it_says_so(
    ada: User, is_online: Callable[..., None]
) -> None:
    is_online(None)
    assert previews.online_text([ada]) == "Online status unavailable."


def test_nobody_else_is_left_out_of_a_small_audience(ada: User) -> None:
    sample = told(ada)
    assert previews.audience_texts(sample.count, sample)["others"] == ""


def test_a_wrong_recipient_is_refused(db: None) -> None:
    wrong: Any = object()
    with pytest.raises(InvalidNotice):
        previews.sample_audience([wrong])


def test_an_empty_form_is_previewed_as_an_ordinary_notice() -> None:
    row = previews.preview_notice({"title": "T", "level": ""})["row"]
    assert row == {
        "title": "T", "body": "", "level": "info", "category": "", "url": "", "actions": [],
    }  # fmt: skip


@pytest.mark.postgres
def test_an_audience_that_takes_long_to_count_is_not_told(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = User.objects.extra(where=["pg_sleep(5) IS NOT NULL"])
    with monkeypatch.context() as hurried:
        hurried.setattr(previews, "COUNT_WITHIN_S", 0.05)
        assert previews.sample_audience(slow) is None
    assert told(ada).count == 1  # the connection is as before


@pytest.fixture
def four_languages(settings: Any) -> None:
    settings.LANGUAGES = [
        ("de", "Deutsch"),
        ("ar", "العربية"),
        ("fr", "Français"),
        ("en", "English"),
    ]
    settings.LOCALE_PATHS = [Path(examples.__file__).parent / "locale", *settings.LOCALE_PATHS]


@pytest.mark.usefixtures("four_languages", "silent")
def test_a_notice_of_a_kind_is_shown_in_each_language_that_of_the_site_first(ada: User) -> None:
    shown = previews.in_languages(notify.send(examples.Parcels(sender="Ada", n=2), to=ada))
    assert shown is not None
    assert [(one.code, one.name, one.direction, one.row["title"]) for one in shown.texts] == [
        ("en", "English", "ltr", "\u2068Ada\u2069 sent 2 parcels"),
        ("ar", "العربية", "rtl", "أرسل \u2068Ada\u2069 طردين"),
    ]
    assert (shown.same, shown.zone) == (["Deutsch", "Français"], "")


@pytest.mark.usefixtures("four_languages", "silent")
def test_its_times_are_those_of_the_staff_and_the_zone_is_told(ada: User) -> None:
    due = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    notice = notify.send(examples.Bill(amount=Decimal(7), due=due), to=ada)
    with timezone.override("Asia/Kathmandu"):
        shown = previews.in_languages(notice)
    assert shown is not None
    assert shown.zone == "Asia/Kathmandu"
    assert shown.texts[0].row["body"] == "March 2, 2026, 5:15 a.m."


@pytest.mark.usefixtures("four_languages", "silent")
def test_what_everyone_reads_as_it_was_sent_has_no_languages(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert previews.in_languages(notify.send(to=ada, title="Hello", kind="shop.parcels")) is None
    typed = notify.send(examples.InItsLanguage(), to=ada)
    monkeypatch.setattr(registry, "_kinds", {})
    assert previews.in_languages(typed) is None


@pytest.mark.usefixtures("silent")
def test_a_kind_that_returns_a_lazy_text_is_shown_as_it_was_sent(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = notify.send(examples.InItsLanguage(), to=ada)
    monkeypatch.setattr(examples.InItsLanguage, "title", lambda self: gettext_lazy("Archive"))
    shown = previews.in_languages(typed)
    assert shown is not None
    assert [one.row["title"] for one in shown.texts] == ["Archive"]


def test_the_direction_of_a_language_that_django_does_not_know_is_that_of_its_text() -> None:
    assert previews._direction("tlh") == "auto"


def test_a_category_that_a_kind_declares_is_previewed_by_its_label() -> None:
    with translation.override("de"):
        assert previews.preview_notice({"category": "account"})["row"]["category"] == "Konto"
    assert previews.preview_notice({"category": "ops"})["row"]["category"] == "ops"
