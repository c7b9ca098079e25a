"""What a link in a message ends, and its undo."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

import notify
from notify.kinds import registry
from notify.models import Preference
from notify.readers.preferences import choose
from notify.readers.unsubscribing import is_on, turn_off, turn_on
from tests.unit.inbox.helpers import key, people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_kinds", {})
    orders = notify.Category("orders", "Orders", channels=[notify.Email()])
    news = notify.Category("news", "News", channels=[notify.Email()], defaults={"email": False})

    class Shipped(notify.Kind):
        key = "shop.shipped"
        category = orders

    class Silent(notify.Kind):
        key = "shop.silent"
        category = orders
        channels = ()

    class Alarm(notify.Kind):
        key = "shop.alarm"
        category = orders
        required = ("email",)

    class Post(notify.Kind):
        key = "shop.post"
        category = news

    class Loose(notify.Kind):
        key = "shop.loose"
        channels = [notify.Email()]


def rows(user: User) -> dict[str, bool]:
    return dict(Preference.objects.filter(user=user).values_list("scope", "value"))


def test_it_is_on_where_anything_may_come(ada: User) -> None:
    assert is_on(key(ada), "email", ["orders"])
    assert is_on(key(ada), "email", [""])
    assert not is_on(key(ada), "email", ["news"])
    assert is_on(key(ada), "email", ["news", "orders"])
    choose(key(ada), "kind:shop.post", "email", True)
    assert is_on(key(ada), "email", ["news"])


def test_what_is_required_keeps_nothing_on(ada: User) -> None:
    choose(key(ada), "category:orders", "email", False)
    assert not is_on(key(ada), "email", ["orders"])


def test_a_category_and_the_kinds_that_say_otherwise_are_turned_off(ada: User) -> None:
    choose(key(ada), "kind:shop.shipped", "email", True)
    choose(key(ada), "kind:shop.post", "email", True)
    choose(key(ada), "kind:shop.shipped", "inbox", True)
    assert turn_off(key(ada), "email", ["orders"])
    assert not turn_off(key(ada), "email", ["orders"])
    email = dict(Preference.objects.filter(user=ada, channel="email").values_list("scope", "value"))
    assert email == {"category:orders": False, "kind:shop.shipped": False, "kind:shop.post": True}
    assert Preference.objects.get(channel="inbox").value


def test_kinds_without_a_category_are_turned_off_themselves(ada: User) -> None:
    assert turn_off(key(ada), "email", [""])
    assert rows(ada) == {"kind:shop.loose": False}
    assert turn_on(key(ada), "email", [""])
    assert rows(ada) == {}


def test_the_undo_leaves_what_was_off_before(ada: User) -> None:
    choose(key(ada), "kind:shop.shipped", "email", False)
    assert turn_off(key(ada), "email", ["orders"])
    assert turn_on(key(ada), "email", ["orders"])
    assert rows(ada) == {"kind:shop.shipped": False}
    assert not turn_on(key(ada), "email", ["orders"])


@pytest.mark.parametrize("category", [True, False, None])
@pytest.mark.parametrize("kind", [True, False, None])
@pytest.mark.parametrize("name", ["orders", "news"])
def test_the_undo_brings_back_what_was(
    ada: User, name: str, category: bool | None, kind: bool | None
) -> None:
    kinds = {"orders": "shop.shipped", "news": "shop.post"}
    choose(key(ada), f"category:{name}", "email", category)
    choose(key(ada), f"kind:{kinds[name]}", "email", kind)
    before = rows(ada)
    if not turn_off(key(ada), "email", [name]):
        return  # nothing was on
    assert not is_on(key(ada), "email", [name])
    assert rows(ada)[f"category:{name}"] is False  # also for kinds that come later
    assert turn_on(key(ada), "email", [name])
    assert rows(ada) == before


def test_what_was_chosen_after_it_is_none_of_the_undos(ada: User) -> None:
    choose(key(ada), "kind:shop.shipped", "email", True)
    turn_off(key(ada), "email", ["orders"])
    choose(key(ada), "kind:shop.shipped", "email", False)
    turn_on(key(ada), "email", ["orders"])
    assert rows(ada) == {"kind:shop.shipped": False}


@pytest.mark.parametrize(
    ("scope", "category"), [("category:orders", "orders"), ("kind:shop.loose", "")]
)
def test_what_they_have_turned_off_themselves_is_on_if_they_ask_for_it(
    ada: User, scope: str, category: str
) -> None:
    choose(key(ada), scope, "email", False)
    assert turn_on(key(ada), "email", [category])
    assert rows(ada) == {scope: True}


def test_how_often_they_wanted_it_comes_back_with_it(ada: User) -> None:
    Preference.objects.create(
        user=ada, scope="category:orders", channel="email", value=True, rhythm="daily"
    )
    turn_off(key(ada), "email", ["orders"])
    turn_on(key(ada), "email", ["orders"])
    assert Preference.objects.get(user=ada).rhythm == "daily"


def test_nothing_of_others_changes(ada: User) -> None:
    [bob] = people(1, prefix="bob")
    turn_off(key(ada), "email", ["orders"])
    assert is_on(key(bob), "email", ["orders"])
