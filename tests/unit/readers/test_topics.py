from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from notify.models import Subscription
from notify.readers.topics import follow, may_follow, topics_of, unfollow
from tests.unit.inbox.helpers import key

pytestmark = pytest.mark.django_db


def test_a_topic_is_followed_once(ada: User) -> None:
    assert follow(key(ada), "post:3")
    assert not follow(key(ada), "post:3")
    assert follow(key(ada), "post:4")
    assert [one.topic for one in topics_of(key(ada))] == ["post:4", "post:3"]
    assert unfollow(key(ada), "post:3")
    assert not unfollow(key(ada), "post:3")
    assert Subscription.objects.get().topic == "post:4"


def allow_posts(user: User, topic: str) -> bool:
    if topic == "broken":
        raise RuntimeError("the code of a project")
    return topic.startswith("post:")


def test_nobody_may_follow_by_request_what_the_project_does_not_allow(
    ada: User, settings: Any
) -> None:
    assert not may_follow(ada, "post:3")
    settings.NOTIFY_MAY_FOLLOW = f"{__name__}.allow_posts"
    assert may_follow(ada, "post:3")
    assert not may_follow(ada, "secret")
    assert not may_follow(ada, "broken")
