"""The verbs by which people say what they want; each tells their open pages."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import Model

from notify.bus.publisher import publisher
from notify.inbox import why as explaining
from notify.inbox.reconsidering import reconsider
from notify.inbox.why import Why
from notify.kinds import About, Category
from notify.kinds.channels import INBOX
from notify.models import Mute, Notice
from notify.readers import mutes, preferences, profile, topics, unsubscribing
from notify.readers.targets import Topic, target_of, topic
from notify.sending import after_commit

User = AbstractBaseUser | int | str | uuid.UUID
"""A user, or a primary key."""

Target = About | AbstractBaseUser | Topic | Category | str
"""What can be muted; a text is "thing:<type>:<id>", "actor:<key>", "topic:<name>" or
"category:<key>"."""


def prefer(
    user: User, scope: str, *, value: bool | None, channel: str = "inbox", rhythm: str = ""
) -> None:
    """Stores what a person wants of a kind, a category or all, on a channel.

    Args:
        user: Whose.
        scope: "kind:<key>", "category:<key>" or "all".
        value: Whether they want it; None takes back what they said.
        channel: Which: "inbox", or one that a kind declares, such as "email". What is off in the
            inbox is filed: it comes without a sound, and is found in the archive.
        rhythm: How often, by a channel out of the browser: "hourly", "daily", "weekly"; empty is
            at once.

    Raises:
        InvalidPreference: There is no such scope, channel or rhythm, or the kind is required.
    """
    preferences.choose(_key(user), scope, channel, value, rhythm)
    if channel != INBOX:
        reconsider(_key(user))
    _tell(user, "preferences")


def unsubscribe(user: User, channel: str, categories: Collection[str]) -> bool:
    """Ends what a person gets by a channel in these categories, also where they have chosen a kind
    of them; what is required stays.

    Args:
        user: Whose.
        channel: Such as "email".
        categories: Their keys; "" is that of kinds without a category.

    Returns:
        Whether there was anything to end.
    """
    ended = unsubscribing.turn_off(_key(user), channel, categories)
    if ended:
        reconsider(_key(user))
        _tell(user, "preferences")
    return ended


def resubscribe(user: User, channel: str, categories: Collection[str]) -> bool:
    """Takes `unsubscribe` back. Returns whether nothing had been on."""
    resumed = unsubscribing.turn_on(_key(user), channel, categories)
    if resumed:
        _tell(user, "preferences")
    return resumed


def follow(user: User, name: str) -> bool:
    """Makes a person follow a topic: `send(to=topic(name))` reaches them from now on.

    Args:
        user: Who.
        name: The name of the topic, such as "post:3": up to 200 characters.

    Returns:
        Whether they did not follow it before.

    Raises:
        InvalidPreference: There can be no topic of this name.
    """
    followed = topics.follow(_key(user), str(topic(name)))
    if followed:
        _tell(user, "follows")
    return followed


def unfollow(user: User, name: str) -> bool:
    """Takes `follow` back. Returns whether they followed it."""
    followed = topics.unfollow(_key(user), str(topic(name)))
    if followed:
        _tell(user, "follows")
    return followed


def mute(user: User, target: Target, until: datetime | timedelta | None = None) -> Mute:
    """Files what a person would get about a thing, from an actor, on a topic or in a category,
    until a time. What is required still rings.

    Args:
        user: Who mutes.
        target: An `About`, a user as an actor, a `topic(…)`, a `Category`, or its name.
        until: A time with a zone, or how long from now on, by the database's clock; None is for
            ever. A second call replaces it.

    Returns:
        What is muted.

    Raises:
        InvalidPreference: It cannot be muted, or the time has passed.
    """
    muted = mutes.mute(_key(user), target_of(target), until)
    _tell(user, "mutes")
    return muted


def unmute(user: User, target: Target) -> bool:
    """Takes `mute` back. Returns whether it was muted."""
    unmuted = mutes.unmute(_key(user), target_of(target))
    if unmuted:
        _tell(user, "mutes")
    return unmuted


def set_reader(user: User, changes: Mapping[str, Any]) -> None:
    """Stores any of `language`, `zone` and `quiet` (a `profile.Quiet`, or None), and leaves the
    rest.

    Raises:
        InvalidPreference: There is no such language or zone, or the quiet hours are longer than 23.
    """
    profile.set_profile(_key(user), dict(changes))
    if changes.keys() & {"zone", "quiet"}:
        reconsider(_key(user))
    _tell(user, "reader")


def why(user: User, notice: Notice | int) -> Why | None:
    """Why a person has a notice, and what their preferences say of it; None if they do not have
    it."""
    return explaining.why(_key(user), notice if isinstance(notice, int) else notice.pk)


def _key(user: User) -> str:
    return str(user.pk if isinstance(user, Model) else user)


def _tell(user: User, changed: Literal["preferences", "mutes", "follows", "reader"]) -> None:
    after_commit.on_commit(partial(publisher.publish_preferences, _key(user), changed))
