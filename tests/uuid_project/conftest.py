"""Its cases count queries."""

from tests.harness.steady_queries import (
    a_busy_machine_is_no_lock,
    what_a_connection_knows_stays_known,
)

__all__ = ["a_busy_machine_is_no_lock", "what_a_connection_knows_stays_known"]
