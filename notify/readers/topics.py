"""The topics that a person follows."""

from __future__ import annotations

import logging
from typing import Any

from django.db.models import QuerySet
from django.utils.module_loading import import_string

from notify import conf
from notify.models import Subscription, user_pk

logger = logging.getLogger(__name__)


def may_follow(user: Any, topic: str) -> bool:
    """Whether a person may make themselves follow a topic, which lets them read all that is sent to
    it: NOTIFY_MAY_FOLLOW says so, and without it nobody may. Code of the project asks nobody."""
    path = conf.current().may_follow
    if path is None:
        return False
    try:
        return bool(import_string(path)(user, topic))
    except Exception:  # the code of a project
        logger.exception("NOTIFY_MAY_FOLLOW failed for a user, who may not follow.")
        return False


def follow(user: str, topic: str) -> bool:
    """Returns whether they did not follow it before."""
    key = user_pk(user)
    if Subscription.objects.filter(user=key, topic=topic).exists():
        return False
    # Another process may be first.
    Subscription.objects.bulk_create(
        [Subscription(user_id=key, topic=topic)], ignore_conflicts=True
    )
    return True


def unfollow(user: str, topic: str) -> bool:
    """Returns whether they followed it."""
    return bool(Subscription.objects.filter(user=user_pk(user), topic=topic).delete()[0])


def topics_of(user: str) -> QuerySet[Subscription]:
    """The newest first."""
    return Subscription.objects.filter(user=user_pk(user)).order_by("-created", "-pk")
