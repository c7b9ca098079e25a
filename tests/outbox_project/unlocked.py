"""A claim that locks no inbox."""

from notify.outbox import claiming

claiming.lock_inbox = lambda user: True  # type: ignore[assignment]
