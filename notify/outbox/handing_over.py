"""Handing one message to a channel, whatever the channel does."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from notify.outbox import deadlines
from notify.outbox.channel import Channel, Deferred, HandOverFailed, Unanswered

logger = logging.getLogger(__name__)


def hand_over(channel: Channel, message: Any, address: str) -> None:
    """Returns once the channel has handed it over.

    Raises:
        HandOverFailed: One of its subclasses. A call that exceeds the channel's `limit` is
            abandoned, and Unanswered as one that raises anything else: it may have been taken.
    """
    call = partial(channel.hand_over, message, address)
    try:
        if channel.limit is None:
            call()
        else:
            deadlines.within(channel.limit, channel.key, call)
    except HandOverFailed:
        raise
    except deadlines.TooManyOverdue as error:
        raise Deferred(str(error)) from error
    except deadlines.Overdue as error:
        raise Unanswered(str(error)) from error
    except Exception as error:  # the code of a project
        logger.exception("%r failed. Its message may have gone, so it is not repeated.", channel)
        raise Unanswered(type(error).__name__) from error
