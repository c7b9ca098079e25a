"""What stored notices rely on."""

from __future__ import annotations

from typing import Any

import pytest

from notify import Kind
from notify.kinds import contract
from notify.kinds.contract import breaks, contract_of
from tests.unit.kinds.examples import Everything, OrderShipped

TEXT = {"type": {"type": "string"}, "required": True}


def test_it_has_keys_fields_and_types():
    class Shipped(Everything):
        key = "test.everything"

    found = contract_of([OrderShipped, Shipped])
    assert found["shop.order_shipped"]["number"] == TEXT
    assert found["shop.order_shipped"]["items"] == {"type": {"type": "integer"}, "required": False}
    assert found["test.everything"]["way"]["type"]["enum"] == ["up", "down"]
    assert found["test.everything"]["moment"]["type"] == {"type": "string", "format": "date-time"}
    assert breaks(found, found) == []


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ({}, "k: the kind is gone"),
        ({"k": {}}, "k.number: the field is gone"),
        ({"k": {"number": TEXT, "colour": TEXT}}, "k.colour: the field is new"),
        ({"k": {"number": TEXT | {"type": {"type": "integer"}}}}, "k.number: the type has changed"),
    ],
)
def test_what_stored_notices_do_not_survive_is_told(after: Any, said: str):
    [found] = breaks({"k": {"number": TEXT}}, after)
    assert found.startswith(said)


def test_a_default_that_went_is_told_and_one_that_came_is_none():
    optional = TEXT | {"required": False}
    assert "the default is gone" in breaks({"k": {"n": optional}}, {"k": {"n": TEXT}})[0]
    assert breaks({"k": {"n": TEXT}}, {"k": {"n": optional}}) == []
    assert breaks({"k": {}}, {"k": {"n": optional}, "new": {"n": TEXT}}) == []


def test_a_type_of_its_own_is_compared_whole():
    schema = {"$ref": "#/$defs/Way", "title": "Way"}
    assert contract._plain(schema, {"Way": {"enum": [1], "title": "Way"}}) == {"enum": [1]}
    assert Kind.key == ""
