"""Names of what can be muted, and of topics."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from notify.exceptions import InvalidPreference
from notify.kinds import About, Category
from notify.models import Notice, content

MAX_TOPIC = 200  # as Subscription.topic
MAX_TARGET = 320  # as Mute.target
PREFIXES = ("thing", "actor", "topic", "category")


class Topic(str):
    """The name of a topic: a recipient that stands for those who follow it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"topic({str(self)!r})"


def topic(name: str) -> Topic:
    """What people follow, such as "post:3": as a recipient, all active users who follow it.

    Raises:
        InvalidPreference: It is no text of 1 to 200 characters that people can read.
    """
    if (
        not isinstance(name, str)
        or not 0 < len(name) <= MAX_TOPIC
        or not content.is_storable(name)
        or not name.isprintable()
        or not name.strip()
    ):
        raise InvalidPreference(
            "topic",
            f"is named by 1 to {MAX_TOPIC} printable characters, such as 'post:3', not "
            f"{name!r:.100}.",
        )
    return Topic(name)


def target_of(muted: Any) -> str:
    """The name under which something is muted: an `About`, a user as an actor, a `topic(…)`, a
    `Category`, or such a name itself.

    Raises:
        InvalidPreference: It cannot be muted.
    """
    if isinstance(muted, Topic):
        return f"topic:{topic(str(muted))}"
    if isinstance(muted, About):
        return _checked(f"thing:{muted.type}:{muted.id}")
    if isinstance(muted, Category):
        return f"category:{muted.key}"
    if isinstance(muted, get_user_model()):
        return _checked(f"actor:{muted.pk}")
    return _checked(muted)


def _checked(target: object) -> str:
    prefix, _, name = target.partition(":") if isinstance(target, str) else ("", "", "")
    is_complete = bool(name) if prefix != "thing" else all(name.partition(":")[::2])
    if (
        not isinstance(target, str)
        or prefix not in PREFIXES
        or not is_complete
        or len(target) > MAX_TARGET
        or not content.is_storable(target)
    ):
        raise InvalidPreference(
            "target",
            "only things (an About, or 'thing:<type>:<id>'), actors (a user, or 'actor:<key>'), "
            "topics (topic(…), or 'topic:<name>') and categories (a Category, or "
            f"'category:<key>') can be muted, not {target!r:.100}.",
        )
    return target


def targets_of(notice: Notice) -> tuple[str, ...]:
    """What a notice falls under that can be muted."""
    found = []
    if notice.about_type is not None:
        found.append(f"thing:{notice.about_type}:{notice.about_id}")
    if notice.actor_id is not None:
        found.append(f"actor:{notice.actor_id}")
    found += [f"topic:{name}" for name in notice.topics or ()]
    if notice.category:
        found.append(f"category:{notice.category}")
    return tuple(found)
