"""What can be muted, and what a notice falls under of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from notify import About, Category
from notify.models import Notice
from notify.readers.targets import target_of, targets_of, topic


@pytest.mark.parametrize(
    ("muted", "target"),
    [
        (About("order", 7), "thing:order:7"),
        (User(pk=3), "actor:3"),
        (topic("post:3"), "topic:post:3"),
        (Category("orders", "Orders"), "category:orders"),
        ("thing:order:a:b", "thing:order:a:b"),
    ],
)
def test_things_actors_topics_and_categories_can_be_muted(muted: Any, target: str) -> None:
    assert target_of(muted) == target


@pytest.mark.parametrize(
    "muted",
    ["", "order", "thing:order", "thing::7", "thing:order:", "actor:", "all", None, 7, "topic:a\0",
     "topic:" + "x" * 400, "kind:a", "topic:\ud800"],
)  # fmt: skip
def test_nothing_else_can_be(muted: Any) -> None:
    with pytest.raises(ValueError, match="can be muted"):
        target_of(muted)


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "a\0b", "\ud800", None, 7])
def test_a_topic_is_a_name_that_people_can_read(name: Any) -> None:
    with pytest.raises(ValueError, match="printable"):
        topic(name)


def test_a_notice_falls_under_all_that_is_known_of_it() -> None:
    notice = Notice(about_type="order", about_id="7", actor_id=3, topics=["a", "b"], category="c")
    assert targets_of(notice) == ("thing:order:7", "actor:3", "topic:a", "topic:b", "category:c")
    assert targets_of(Notice()) == ()
