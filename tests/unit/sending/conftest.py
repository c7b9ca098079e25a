"""The fixtures are those of the inbox's tests."""

from tests.unit.inbox.conftest import ada, bob, unheard

__all__ = ["ada", "bob", "unheard"]
