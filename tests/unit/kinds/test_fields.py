"""Fields of kinds: what may be one, and what is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy

from notify import InvalidNotice, Kind
from notify.kinds import fields
from tests.unit.kinds.examples import Everything, OrderShipped

ALL: dict[str, Any] = {
    "text": "100 % of “it”",
    "number": 7,
    "share": 0.5,
    "amount": Decimal("9.90"),
    "flag": True,
    "day": date(2026, 12, 1),
    "moment": datetime(2026, 12, 1, 8, 30, tzinfo=UTC),
    "of": UUID(int=7),
    "way": "up",
    "names": ["ada", "bob"],
    "counts": {"a": 1},
}


def test_what_is_stored_is_read_as_it_was():
    kind = Everything(**ALL)
    params = fields.params_of(kind)
    assert params["amount"] == "9.90"
    assert params["moment"] == "2026-12-01T08:30:00Z"
    assert fields.read(Everything, params) == kind


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", 7),
        ("number", "7"),
        ("number", 7.5),
        ("share", float("nan")),
        ("flag", 1),
        ("day", "2026-12-01"),
        ("way", "sideways"),
        ("names", "ada"),
        ("counts", {"a": "1"}),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_field(name, value):
    with pytest.raises(InvalidNotice) as refused:
        Everything(**ALL | {name: value})
    assert refused.value.field.startswith(f"params.{name}")


def test_a_row_of_the_database_is_refused_with_the_cure():
    with pytest.raises(InvalidNotice, match=r"not User\. Pass its key, and what the texts need"):
        OrderShipped(number=User(username="ada"))  # type: ignore[arg-type]


def test_a_lazy_translation_is_refused_with_the_cure():
    with pytest.raises(InvalidNotice, match="Translate in title"):
        OrderShipped(number=gettext_lazy("Archive"))  # type: ignore[arg-type]


def test_a_field_that_is_missing_or_unknown_is_pythons_own_error():
    with pytest.raises(TypeError, match="number"):
        OrderShipped()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        OrderShipped(number="A-7", colour="red")  # type: ignore[call-arg]


def test_fields_are_bounded_and_storable():
    with pytest.raises(InvalidNotice, match="at most 4096 are allowed"):
        fields.params_of(OrderShipped(number="x" * 4096))
    with pytest.raises(InvalidNotice, match="contain a NUL"):
        fields.params_of(OrderShipped(number="\0"))


def test_a_field_that_went_is_ignored_and_one_that_came_without_default_is_told():
    stored = {"number": "A-7", "colour": "red"}
    assert fields.read(OrderShipped, stored) == OrderShipped(number="A-7")
    with pytest.raises(InvalidNotice, match=r"params\.number: Field required"):
        fields.read(OrderShipped, {"items": 2})
    with pytest.raises(InvalidNotice, match=r"params\.colour"):
        fields.parse(OrderShipped, stored)


@pytest.mark.parametrize(
    ("hint", "cure"),
    [
        (User, "declare its key"),
        (list[User], "declare its key"),
        (dict[str, list[User]], "cannot be stored as JSON"),
        (object(), "cannot be stored as JSON"),
    ],
    ids=["a model", "a list", "deeper", "no type"],
)
def test_a_type_that_cannot_be_stored_is_refused_at_start(hint, cure):
    kind = type("Wrong", (Kind,), {"__annotations__": {"one": hint}, "__module__": __name__})
    with pytest.raises(ImproperlyConfigured, match=cure):
        fields.model_of(kind)


def test_a_type_that_is_known_to_type_checkers_only_is_refused_with_the_cure():
    kind = type("Wrong", (Kind,), {"__annotations__": {"one": "Money"}, "__module__": __name__})
    with pytest.raises(ImproperlyConfigured, match="Import the types of fields at run time"):
        fields.model_of(kind)
