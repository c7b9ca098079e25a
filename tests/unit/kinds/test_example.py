from __future__ import annotations

from notify.kinds import fields
from notify.kinds.example import example
from tests.unit.kinds.examples import Everything, OrderShipped


def test_each_field_that_must_be_given_has_an_example():
    assert example(OrderShipped) == OrderShipped(number="number")
    kind = example(Everything)
    assert (kind.text, kind.number, kind.way, kind.names) == ("text", 2, "up", ["names"])
    assert fields.read(Everything, fields.params_of(kind)) == kind
