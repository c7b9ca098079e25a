"""Recall the notices that have expired."""

from __future__ import annotations

import logging
from typing import NamedTuple

from django.db import DatabaseError

from notify import sql
from notify.exceptions import Busy
from notify.inbox import control
from notify.sending import after_commit

logger = logging.getLogger(__name__)


class Expiry(NamedTuple):
    """One chunk of expired notices: how many there were, and how many were recalled."""

    seen: int
    recalled: int


def recall_expired() -> Expiry:
    """Recalls a chunk of the notices that have expired by the database's clock.

    A notice that fails, or whose batches are locked, is logged and left for the next call.

    Raises:
        DatabaseError: The connection is lost.
    """
    chunk = control.expired_notices()
    return Expiry(len(chunk), sum(map(_recall, chunk)))


def _recall(notice_id: int) -> bool:
    try:
        recalled = control.start_recall(notice_id, urgent=False, wait=False)
    except Busy as busy:
        logger.info("Notice %s has expired and will be recalled later: %s", notice_id, busy)
        return False
    except DatabaseError as error:
        if not sql.connection().is_usable():
            raise
        logger.warning("Notice %s has expired, but couldn't be recalled: %r", notice_id, error)
        return False
    if recalled is not None:
        after_commit.finish_recall(notice_id, recalled)
    return recalled is not None
