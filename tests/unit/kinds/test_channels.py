"""What kinds and categories may say of channels."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

import notify
from notify import Category, Kind
from notify.kinds import registry
from notify.outbox import Channel


@pytest.mark.parametrize(
    "defaults", [{"fax": True}, {"inbox": 1}, {"inbox": None}, ["inbox"], "on"]
)
def test_a_wrong_default_is_refused_where_it_is_declared(defaults: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match="of the category 'news' must say True or False"):
        Category("news", "News", defaults=defaults)
    with pytest.raises(ImproperlyConfigured, match=r"Wrong\.defaults must say True or False"):
        type("Wrong", (Kind,), {"defaults": defaults})


@pytest.mark.parametrize("required", ["inbox", ("fax",), True, None])
def test_what_is_required_names_channels(required: Any) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"Wrong\.required must name channels"):
        type("Wrong", (Kind,), {"required": required})


def test_a_category_with_defaults_can_be_a_key_of_a_dictionary() -> None:
    assert hash(Category("news", "News", defaults={"inbox": False}))


def test_people_see_a_kind_by_its_name_or_that_of_its_class() -> None:
    class OrderShippedABC(Kind):
        pass

    class Named(Kind):
        verbose_name = "An order has shipped"

    assert registry.name_of(OrderShippedABC) == "Order shipped abc"
    assert registry.name_of(Named) == "An order has shipped"


class Sms(Channel):
    key = "sms"


@pytest.mark.parametrize(
    ("declared", "cure"),
    [
        (notify.Email(), r"a list of channels, as \[notify.Email\(\)\]"),
        ("email", "a list of channels"),
        ([notify.Email], r"write Email\(\), with brackets"),
        (["email"], r"Use notify.Email\(\)"),
        ([notify.Email(), notify.Email(unless="seen")], "Leave one of them out"),
    ],
)
def test_a_wrong_list_of_channels_names_the_owner_and_the_cure(declared, cure):
    with pytest.raises(ImproperlyConfigured, match=rf"^Wrong\.channels .*{cure}"):
        type("Wrong", (notify.Kind,), {"channels": declared, "__qualname__": "Wrong"})
    with pytest.raises(ImproperlyConfigured, match=rf"of the category 'news' .*{cure}"):
        notify.Category("news", "News", channels=declared)


def test_a_kinds_own_list_goes_before_its_categorys():
    news = notify.Category("news", "News", channels=[notify.Email()])

    class Sent(notify.Kind):
        key = "t.sent"
        category = news

    class Texted(Sent):
        key = "t.texted"
        channels = [Sms()]

    class Kept(Sent):
        key = "t.kept"
        channels = []

    of = {key: registry.channels_of(key, "news") for key in ("t.sent", "t.texted", "t.kept", "")}
    assert [[one.key for one in found] for found in of.values()] == [
        ["email"], ["sms"], [], ["email"]
    ]  # fmt: skip
    assert registry.channels_of("", "") == registry.channels_of("gone", "gone") == ()
    assert registry.channel("sms") is Texted.channels[0]
    assert registry.channel("fax") is None


def test_the_registry_says_whether_there_is_a_way_out(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})
    assert not registry.declares_channels()
    assert registry.channel_keys() == ("inbox",)

    class Texted(notify.Kind):
        key = "t.texted"
        channels = [Sms()]
        defaults = {"sms": False}
        required = ("sms",)

    assert registry.declares_channels()
    assert registry.channel_keys() == ("inbox", "sms")


def test_defaults_speak_of_channels_that_are_declared():
    with pytest.raises(ImproperlyConfigured, match="Channels are: inbox, sms"):
        notify.Category("news", "News", channels=[Sms()], defaults={"email": False})
