"""The class that kinds extend."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from django.core.exceptions import ImproperlyConfigured

from notify import Kind
from tests.unit.kinds.examples import Everything, OrderShipped


def test_two_with_the_same_fields_are_equal_and_do_not_change():
    kind = OrderShipped(number="A-7")
    assert kind == OrderShipped(number="A-7", items=1)
    with pytest.raises(FrozenInstanceError):
        kind.number = "B"


def test_a_field_does_not_take_the_place_of_a_text():
    with pytest.raises(ImproperlyConfigured, match="Give the field another name"):

        class Wrong(Kind):
            title: str  # type: ignore[assignment]


def test_one_without_a_title_says_so():
    with pytest.raises(NotImplementedError, match=r"Kind needs a title\(\)"):
        Kind().title()
    assert Everything.key == ""
