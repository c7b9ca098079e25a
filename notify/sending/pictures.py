"""The picture of the person who caused a notice: `NOTIFY_ACTOR_PICTURE`.

Its address is asked for when a notice is sent, where the project's code runs anyway, and stored
with it. Where rows leave, nothing of a project is asked, so that no socket waits for it.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.utils.module_loading import import_string

from notify import conf
from notify.models import content

logger = logging.getLogger(__name__)

LOG_INTERVAL_S = 60.0

_logged_at: list[float] = []  # one time, or none


def picture_of(actor: Any) -> str:
    """The address of a user's picture; empty where the project has none, or gives what may not be
    shown. Never raises."""
    path = conf.current().actor_picture
    if path is None:
        return ""
    try:
        found = import_string(path)(actor)
        return content.link("picture", found) if found else ""
    except Exception as error:  # noqa: BLE001  the code of a project
        _note_failure(path, error)
        return ""


def _note_failure(path: str, error: Exception) -> None:
    now = time.monotonic()
    if not _logged_at or now - _logged_at[0] >= LOG_INTERVAL_S:
        _logged_at[:] = [now]
        logger.error(
            "An actor is shown without a picture: NOTIFY_ACTOR_PICTURE, %s: %s: %.200s",
            *(path, type(error).__name__, error),
        )
