from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from notify.live import feeds
from notify.models import permissions


def test_everybody_has_an_own_feed_of_sockets_and_shares_the_others() -> None:
    connection: Any = SimpleNamespace(user="7")
    assert feeds.feed_of(connection, "sockets") == "sockets:7"
    assert feeds.is_own("sockets:7")
    assert feeds.feed_of(connection, "operations") == "operations"
    assert not feeds.is_own("operations")


def test_the_sockets_of_somebody_are_in_two_feeds() -> None:
    assert feeds.feeds_about("7") == ("sockets:7", "person:7")
    assert [feeds.split(feed) for feed in feeds.feeds_about("7")] == [
        ("sockets", "7"),
        ("person", "7"),
    ]
    assert feeds.split("operations") == ("operations", "")


def test_each_topic_needs_its_permission() -> None:
    assert feeds.permission("person:7") == permissions.VIEW_INBOX
    assert feeds.permission("operations") == permissions.VIEW_OPERATIONS
    assert feeds.permission("online") == permissions.VIEW_OPERATIONS
    assert feeds.permission("notice:9") == permissions.VIEW_OPERATIONS
