"""Filters for LOGGING, so that an outage is one line in the log and not thousands.

"filters": {"redis_is_away": {"()": "notify.log_filters.RedisIsAway"}},
"loggers": {"channels_redis.pubsub": {"filters": ["redis_is_away"]}},
"""

from __future__ import annotations

import logging


class RedisIsAway(logging.Filter):
    """Drops the traceback that channels-redis logs every second while it cannot reach Redis.

    notify itself logs the beginning and the end of the outage. Other errors pass the filter.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not _is_connection_error(error)


def _is_connection_error(error: BaseException | None) -> bool:
    if isinstance(error, OSError):  # refused, reset, timed out, no such host
        return True
    # By name, as redis-py is an extra; its errors are not OSErrors.
    names = {"ConnectionError", "TimeoutError", "BusyLoadingError"}
    return error is not None and any(
        kind.__module__.startswith("redis.") and kind.__name__ in names
        for kind in type(error).__mro__
    )


class InOneLine(logging.Filter):
    """Removes the traceback of a malformed request and makes it a warning: the mistake is the
    client's, and anybody can make thousands of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class ForbiddenInOneLine(logging.Filter):
    """Removes the traceback that `django.request` logs for each PermissionDenied of the admin:
    anybody who is signed in can make thousands of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) == 403:
            record.exc_info = record.exc_text = None
        return True
