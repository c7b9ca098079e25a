"""Filters for LOGGING, so that an outage is one line and not one for each thing that fails in it.

"filters": {"redis_is_away": {"()": "notify.log_filters.RedisIsAway"}},
"loggers": {"channels_redis.pubsub": {"filters": ["redis_is_away"]}},
"""

from __future__ import annotations

import logging


class RedisIsAway(logging.Filter):
    """Drops what channels-redis says of a Redis that it cannot reach: a traceback every second.

    notify tells of the outage itself, once when it begins and once when it ends. Anything else
    that goes wrong there is let through.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not _is_of_the_connection(error)


def _is_of_the_connection(error: BaseException | None) -> bool:
    if isinstance(error, OSError):  # refused, reset, timed out, no such host
        return True
    # By name, as redis-py is an extra: its errors are no OSErrors.
    names = {"ConnectionError", "TimeoutError", "BusyLoadingError"}
    return error is not None and any(
        kind.__module__.startswith("redis.") and kind.__name__ in names
        for kind in type(error).__mro__
    )


class InOneLine(logging.Filter):
    """Keeps what is said of a request that a client has malformed, without the traceback: it is
    the client's mistake, and anybody can make a thousand of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class ForbiddenInOneLine(logging.Filter):
    """For `django.request`, which logs a traceback for each PermissionDenied that the admin raises:
    anybody who is signed in can make a thousand of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True
