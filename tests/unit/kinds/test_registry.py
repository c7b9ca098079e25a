"""Keys of kinds."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from notify import Kind
from notify.kinds import registry
from tests.unit.kinds.examples import Everything


def declared(name: str, key: str, module: str = __name__) -> type[Kind]:
    return type(name, (Kind,), {"key": key, "__module__": module, "__qualname__": name})


def test_a_kind_is_found_by_its_key():
    kind = declared("Shipped", "test.shipped")
    assert registry.get("test.shipped") is kind
    assert kind in registry.all_kinds()
    assert registry.get("test.nothing") is None


def test_one_without_a_key_is_a_base_for_others():
    assert Everything not in registry.all_kinds()

    class Shipped(Everything):
        key = "test.of_a_base"

    class Another(Shipped):
        """The key is the other's."""

    assert registry.get("test.of_a_base") is Shipped


def test_two_kinds_with_one_key_are_both_named():
    declared("Shipped", "test.shipped", "shop.notices")
    with pytest.raises(ImproperlyConfigured, match=r"shop\.notices\.Shipped and post\.Shipped"):
        declared("Shipped", "test.shipped", "post")


def test_a_module_may_be_loaded_again():
    declared("Shipped", "test.shipped")
    again = declared("Shipped", "test.shipped")
    assert registry.get("test.shipped") is again


@pytest.mark.parametrize("key", ["x" * 101, "a\nb"])
def test_a_key_that_no_notice_could_have_is_refused(key):
    with pytest.raises(ImproperlyConfigured, match="At most 100 are allowed"):
        declared("Long", key)
