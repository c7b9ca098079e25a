from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core import signing

from notify.outbox.unsubscribe import SALT, InvalidToken, Standing, Subscription, read, token

ADA = SimpleNamespace(pk=7)
ADDRESS = "ada@example.org"


def of(address: str = ADDRESS, *categories: str) -> Subscription:
    return Subscription.of(ADA, "email", categories or ("orders",), address)


def test_it_names_user_channel_and_categories() -> None:
    found = read(token(of(ADDRESS, "orders", "account", "orders")))
    assert found == of(ADDRESS, "account", "orders")
    assert (found.user, found.channel, found.categories) == ("7", "email", ("account", "orders"))


def test_it_does_not_show_the_address() -> None:
    [payload, *_signature] = token(of()).split(":")
    assert b"ada@" not in signing.b64_decode(payload.lstrip(".").encode())
    assert "ada" not in repr(of())


@pytest.mark.parametrize("of_what", ["first", "middle", "last", "cut", "empty"])
def test_a_token_that_was_changed_is_none(of_what: str) -> None:
    right = token(of())
    middle = len(right) // 2
    swap = {"A": "B"}
    wrong = {
        "first": swap.get(right[0], "A") + right[1:],
        "middle": right[:middle] + swap.get(right[middle], "A") + right[middle + 1 :],
        "last": right[:-1] + swap.get(right[-1], "A"),
        "cut": right[:-4],
        "empty": "",
    }[of_what]
    with pytest.raises(InvalidToken):
        read(wrong)


@pytest.mark.parametrize(
    "payload", [None, 7, [1], [1, "7", "email", ["a"], "x", "more"], [2, "7", "email", ["a"], "x"]]
)
def test_what_another_version_has_signed_is_none(payload: Any) -> None:
    with pytest.raises(InvalidToken):
        read(signing.dumps(payload, salt=SALT))


def test_the_tokens_of_other_parts_of_the_site_are_none() -> None:
    payload = signing.loads(token(of()), salt=SALT)
    with pytest.raises(InvalidToken):
        read(signing.dumps(payload))


def test_it_works_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    old = token(of())
    monkeypatch.setattr("time.time", lambda: 4e9)
    assert read(old) == of()


def test_it_survives_a_rotation_of_the_key(settings: Any) -> None:
    old, key = token(of()), settings.SECRET_KEY
    settings.SECRET_KEY = "another key, long enough for a test of what a rotation does"
    with pytest.raises(InvalidToken):
        read(old)
    settings.SECRET_KEY_FALLBACKS = [key]
    assert read(old) == of()
    assert read(old).standing(ADA, ADDRESS) is Standing.OPEN


def test_a_deleted_user_is_gone() -> None:
    assert of().standing(None, None) is Standing.GONE


@pytest.mark.parametrize("now", ["lovelace@example.org", None, ""])
def test_an_address_that_changed_has_no_say(now: str | None) -> None:
    assert of().standing(ADA, now) is Standing.MOVED


@pytest.mark.parametrize("now", [ADDRESS, "Ada@Example.ORG", " ada@example.org "])
def test_the_same_address_in_another_spelling_is_open(now: str) -> None:
    assert of().standing(ADA, now) is Standing.OPEN


def test_two_people_with_one_address_have_different_digests() -> None:
    other = Subscription.of(SimpleNamespace(pk=8), "email", ["orders"], ADDRESS)
    assert other.address_digest != of().address_digest
