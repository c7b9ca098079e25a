"""Logs what notify's system checks find, in the process that serves.

No server runs Django's checks, and some depend on the server, which only the process itself knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable

from django import db
from django.conf import settings
from django.core.checks import CheckMessage, Tags
from django.core.checks.registry import registry

from notify.live.pool import DatabasePool

logger = logging.getLogger(__name__)


async def log_checks(pool: DatabasePool) -> None:
    """Runs the checks, unless DEBUG is on."""
    if settings.DEBUG:
        return
    for check in registry.get_checks(include_deployment_checks=True):
        if "notify" in check.tags:
            await _log_check(pool, check)


async def _log_check(pool: DatabasePool, check: Callable[..., Iterable[CheckMessage]]) -> None:
    """Runs database checks in the pool. Others may import the URLconf, and with it the project,
    which may take long or fail: these run in a thread outside the pool."""
    uses_database = Tags.database in check.tags  # type: ignore[attr-defined]  # registry's
    run = pool.run if uses_database else asyncio.to_thread
    try:
        messages = await run(check, app_configs=None, databases=list(db.connections))
    except db.Error as error:
        logger.info("The database is unavailable, so %s was skipped: %r", check.__name__, error)
    except Exception as error:
        logger.warning("%s failed: %r", check.__name__, error, exc_info=True)
    else:
        for found in messages:
            if not found.is_silenced():
                logger.log(found.level, "%s: %s %s", found.id, found.msg, found.hint)
