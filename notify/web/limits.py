"""Limits per user and process, so that one user cannot occupy it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from notify import metrics
from notify.web.refusals import Refusal

MAX_REQUESTS_PER_MINUTE = 600
MAX_TESTS_PER_MINUTE = 5
MAX_CONCURRENT_SEARCHES = 2
SEARCH_RETRY_AFTER_S = 1


class RateLimit:
    """At most `limit` calls per user in each fixed window of `period_s` seconds.

    Kept in this process only, for the sake of simplicity: it stops runaway scripts.
    """

    def __init__(
        self, limit: int, period_s: float = 60.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limit = limit
        self.period_s = period_s
        self._clock = clock
        self._lock = threading.Lock()
        self._ends = 0.0
        self._counts: Counter[str] = Counter()

    def count(self, user: str) -> float | None:
        """Counts one call. Returns the seconds to wait if it exceeds the limit, else None."""
        with self._lock:
            now = self._clock()
            if now >= self._ends:
                self._ends = now + self.period_s
                self._counts.clear()
            self._counts[user] += 1
            return self._ends - now if self._counts[user] > self.limit else None


class ConcurrencyLimit:
    """At most `limit` searches per user at a time, in this process."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    @contextmanager
    def slot(self, user: str) -> Iterator[None]:
        """Takes one of the user's slots; raises Refusal (429) if none is free."""
        with self._lock:
            if self._counts[user] >= self.limit:
                metrics.LIMITS.add("searches")
                message = (
                    f"{self.limit} of your searches are still running. Wait for one to finish."
                )
                raise Refusal(429, "rate_limited", message, retry_after=SEARCH_RETRY_AFTER_S)
            self._counts[user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._counts[user] -= 1
                if not self._counts[user]:
                    del self._counts[user]


requests = RateLimit(MAX_REQUESTS_PER_MINUTE)
tests = RateLimit(MAX_TESTS_PER_MINUTE)
searches = ConcurrencyLimit(MAX_CONCURRENT_SEARCHES)
