"""The fixtures are those of the inbox's tests."""

from tests.unit.inbox.conftest import ada, announced, bob

__all__ = ["ada", "announced", "bob"]
