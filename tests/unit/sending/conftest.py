"""The fixtures are those of the inbox's tests."""

from tests.unit.inbox.conftest import ada, bob, bound_by_the_server, unheard

__all__ = ["ada", "bob", "bound_by_the_server", "unheard"]
