"""What people call what they have muted."""

from __future__ import annotations

import pytest

import notify
from notify.models import Notice
from notify.web.target_names import names_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_a_person_is_called_as_in_what_they_have_sent(ada, make_user):
    bob, stranger = make_user("bob", first_name="Bob", last_name="Ross"), make_user("cleo")
    notify.send(to=ada, title="Hello", actor=bob)
    targets = [f"actor:{bob.pk}", f"actor:{stranger.pk}", "actor:no key"]
    assert names_of(str(ada.pk), targets) == {
        f"actor:{bob.pk}": "Bob Ross",
        f"actor:{stranger.pk}": str(stranger.pk),  # a key that is tried out tells no name
        "actor:no key": "no key",
    }


def test_a_thing_is_called_by_the_newest_title_about_it(ada, make_user):
    for title, to in (("Ordered", ada), ("Shipped", ada), ("Of another", make_user("bob"))):
        pk = notify.send(to=to, title=title).pk
        Notice.objects.filter(pk=pk).update(about_type="order", about_id="A:7")
    recalled = notify.send(to=ada, title="Recalled")
    notify.recall(recalled)
    targets = ["thing:order:A:7", "thing:order:8"]
    assert names_of(str(ada.pk), targets) == {
        "thing:order:A:7": "Shipped",
        "thing:order:8": "order 8",
    }


def test_categories_and_topics_have_their_own_names(ada, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert names_of(str(ada.pk), ["category:security", "category:x", "topic:post:3"]) == {
            "category:security": "Security",
            "category:x": "x",
            "topic:post:3": "post:3",
        }
