"""Names of feeds.

A client watches a topic. Its feed is what all watchers of it get, which is the topic itself except
for `sockets`: everybody watches their own, so there is a feed for each user, `sockets:<key>`.
"""

from __future__ import annotations

from notify.live.connection import Connection
from notify.models import permissions

OWN = "sockets"  # the topic that needs no permission
OPERATIONS = "operations"
ONLINE = "online"
HISTORY = "history"  # no topic: the past of `operations`, which processes ask each other for
_PERMISSIONS = {"person": permissions.VIEW_INBOX}


def feed_of(connection: Connection, topic: str) -> str:
    return f"{OWN}:{connection.user}" if topic == OWN else topic


def is_own(feed: str) -> bool:
    """Whether these are the sockets of a user who watches them."""
    return feed.startswith(f"{OWN}:")


def feeds_about(user: str) -> tuple[str, str]:
    """Those that show this user's sockets."""
    return f"{OWN}:{user}", f"person:{user}"


def split(feed: str) -> tuple[str, str]:
    """The name of the topic, and the key of the user or notice that it is about, or nothing."""
    name, _, key = feed.partition(":")
    return name, key


def permission(topic: str) -> str:
    """What a user needs to watch it."""
    return _PERMISSIONS.get(split(topic)[0], permissions.VIEW_OPERATIONS)
