from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps

from notify.outbox import AddressRefused
from notify.outbox.addresses import deliverable, email_of

ADA = SimpleNamespace(email="ada@example.org")


def reader(user: Any) -> Any:
    return user.said


@pytest.fixture
def project(settings: Any) -> None:
    settings.NOTIFY_READER = f"{__name__}.reader"


def test_it_is_the_users_e_mail_field() -> None:
    assert email_of(ADA) == "ada@example.org"


def test_a_user_model_names_its_own_field() -> None:
    other = SimpleNamespace(contact="a@b.example", get_email_field_name=lambda: "contact")
    assert email_of(other) == "a@b.example"


@pytest.mark.parametrize("user", [SimpleNamespace(email=""), SimpleNamespace()])
def test_without_one_it_is_nowhere(user: Any) -> None:
    assert email_of(user) is None


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ({"email": "work@example.org"}, "work@example.org"),
        ({"email": None}, None),
        ({"language": "de"}, "ada@example.org"),
        (None, "ada@example.org"),
    ],
)
def test_what_the_project_says_goes_first(project: None, said: Any, address: str | None) -> None:
    assert email_of(SimpleNamespace(email="ada@example.org", said=said)) == address


def test_a_project_that_raises_is_no_reason_to_mail_another_address(project: None) -> None:
    with pytest.raises(AttributeError, match="said"):  # it has none
        email_of(ADA)


class AllAuth:
    """The manager of allauth's addresses, as far as it is asked."""

    def __init__(self, rows: list[tuple[str, bool, bool]]) -> None:
        self.rows = rows

    def filter(self, *, user: Any, verified: bool) -> AllAuth:
        return AllAuth([one for one in self.rows if one[1] is verified])

    def order_by(self, *names: str) -> AllAuth:
        assert names == ("-primary", "pk")
        return AllAuth(sorted(self.rows, key=lambda one: not one[2]))

    def values_list(self, name: str, *, flat: bool) -> AllAuth:
        return self

    def first(self) -> str | None:
        return self.rows[0][0] if self.rows else None


@pytest.mark.parametrize(
    ("rows", "address"),
    [
        ([("old@a.example", True, False), ("new@a.example", True, True)], "new@a.example"),
        ([("new@a.example", False, True), ("old@a.example", True, False)], "old@a.example"),
        ([("new@a.example", False, True)], None),
        ([], None),
    ],
)
def test_with_allauth_it_is_a_verified_one(
    monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, bool, bool]], address: str | None
) -> None:
    model = SimpleNamespace(_default_manager=AllAuth(rows))
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "allauth.account")
    monkeypatch.setattr(apps, "get_model", lambda app, name: model)
    assert email_of(ADA) == address


def test_a_table_of_allauth_that_fails_is_no_reason_to_mail_another_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "allauth.account")
    with pytest.raises(LookupError):  # there is no such app here
        email_of(ADA)


@pytest.mark.parametrize(
    ("address", "ascii_address"),
    [
        ("ada@example.org", "ada@example.org"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada+x@例え.jp", "ada+x@xn--r8jz45g.jp"),
    ],
)
def test_a_host_of_any_script_is_written_in_ascii(address: str, ascii_address: str) -> None:
    assert deliverable(address) == ascii_address


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "@", "ada@", "@example.org", "a@b@c.example", "ada@a..b", "ada@exa mple.org"),
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org, eve@example.org",
        "jürgen@b.de",
    ],
)
def test_what_cannot_be_delivered_is_refused(address: str) -> None:
    with pytest.raises(AddressRefused):
        deliverable(address)
