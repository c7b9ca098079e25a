"""What kinds and categories may say of channels."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from notify import Category, Kind
from notify.kinds import registry


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
