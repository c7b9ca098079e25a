"""A write changes what it names and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

import notify
from notify.exceptions import InvalidPreference
from notify.models import Preference
from notify.outbox.rhythms import Rhythm
from notify.readers.preferences import RHYTHMS, choose
from tests.unit.inbox.helpers import key

pytestmark = pytest.mark.django_db


def stored() -> set[tuple[str, bool]]:
    return set(Preference.objects.values_list("scope", "value"))


def test_a_choice_replaces_that_for_the_same_scope_and_leaves_the_others(ada: User) -> None:
    for scope in ("all", "category:orders", "kind:a.kind"):
        choose(key(ada), scope, "inbox", False)
    choose(key(ada), "category:orders", "inbox", True)
    choose(key(ada), "all", "inbox", None)
    choose(key(ada), "all", "inbox", None)
    assert stored() == {("category:orders", True), ("kind:a.kind", False)}


@pytest.mark.parametrize(
    ("scope", "channel", "value", "field"),
    [
        ("", "inbox", True, "scope"),
        ("kind:", "inbox", True, "scope"),
        ("thing:order:7", "inbox", True, "scope"),
        ("kind:" + "x" * 101, "inbox", True, "scope"),
        ("kind:a\0", "inbox", True, "scope"),
        (None, "inbox", True, "scope"),
        ("all", "fax", True, "channel"),
        ("all", "inbox", 1, "value"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    ada: User, scope: Any, channel: str, value: Any, field: str
) -> None:
    with pytest.raises(InvalidPreference) as refused:
        choose(key(ada), scope, channel, value)
    assert refused.value.field == field
    assert not stored()


def test_what_is_required_cannot_be_turned_off(ada: User, own_kinds: None) -> None:

    class Required(notify.Kind):
        key = "shop.required"
        required = ("inbox",)

    with pytest.raises(InvalidPreference, match="required"):
        choose(key(ada), "kind:shop.required", "inbox", False)
    choose(key(ada), "kind:shop.required", "inbox", True)


def test_how_often_is_chosen_with_a_channel_out_of_the_browser(ada: User, own_kinds: None) -> None:

    class Mailed(notify.Kind):
        key = "shop.mailed"
        channels = [notify.Email()]

    choose(key(ada), "all", "email", True, "daily")
    choose(key(ada), "all", "email", False)
    assert Preference.objects.get().rhythm == "daily"  # for when it is on again
    choose(key(ada), "all", "email", True)
    assert Preference.objects.get().rhythm == ""
    for channel, value, rhythm in (
        ("email", True, "yearly"),
        ("email", False, "daily"),
        ("email", None, "daily"),
        ("inbox", True, "daily"),
    ):
        with pytest.raises(InvalidPreference) as refused:
            choose(key(ada), "all", channel, value, rhythm)
        assert refused.value.field == "rhythm"


def test_rhythms_are_those_of_the_outbox() -> None:
    assert ("", *(one for one in Rhythm if one is not Rhythm.AT_ONCE)) == RHYTHMS
