"""Per-user limits, so that one user cannot occupy a process."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from notify import sql
from notify.changes import Reading
from notify.inbox import reading
from notify.web.callers import Window
from notify.web.refusals import Refusal

STATEMENT_S = 5.0  # for one statement of a request; PostgreSQL only
SEARCHES_AT_ONCE = 2
TESTS_A_MINUTE = 5
RETRY_AFTER_S = 1


class AtOnce:
    """At most `limit` of each person at one time, in this process."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    @contextmanager
    def one_of(self, who: str) -> Iterator[None]:
        """Raises Refusal (429) where that is one too many."""
        with self._lock:
            if self._counts[who] >= self.limit:
                message = f"{self.limit} searches are under way; wait for one of them."
                raise Refusal(429, "rate_limited", message, retry_after=RETRY_AFTER_S)
            self._counts[who] += 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[who] -= 1
                if not self._counts[who]:
                    del self._counts[who]


searches = AtOnce(SEARCHES_AT_ONCE)
tests = Window(TESTS_A_MINUTE)


def page(user: str, **wanted: Any) -> Reading | None:
    """`reading.page`. One that is filtered is a search: its cost grows with the inbox. Raises
    Refusal where too many are under way, OperationalError where it takes too long."""
    if not any(wanted.get(name) for name in ("category", "level", "q")):
        return reading.page(user, **wanted)
    with searches.one_of(user), sql.statements_end_within(STATEMENT_S):
        return reading.page(user, **wanted)
