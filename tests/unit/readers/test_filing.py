"""The rule in SQL is the rule in Python, for every recipient, on every road to an inbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import notify
from notify import sending
from notify.models import Mute, Notification, Place, Preference
from notify.readers.deciding import decide
from notify.readers.defaults import asked_of
from notify.readers.targets import topic
from notify.readers.wishes import wishes_of
from tests.unit.inbox.helpers import committed, counts, deliver, key, people, recounted

NEWS = notify.Category("news", "News", defaults={"inbox": False})
ACTOR = 10**9  # the key of somebody who may have done it
TARGETS = [
    "thing:order:7",
    "topic:orders",
    "category:orders",
    "category:news",
    f"actor:{ACTOR}",
]
KINDS = ["", "shop.plain", "shop.off", "shop.required"]
SCOPES = ["all", "category:orders", "category:news", *(f"kind:{kind}" for kind in KINDS[1:])]


def groups() -> Iterator[Any]:
    """Those with an even name are in the first group, and all in the second."""
    yield User.objects.filter(username__regex="[02468]$"), {"category:orders": {"inbox": False}}
    yield User.objects.none(), {"all": {"inbox": False}}
    yield User.objects.all()[:1000], {"kind:shop.off": {"inbox": True}}


@pytest.fixture
def kinds(own_kinds: None) -> None:

    class Plain(notify.Kind):
        key = "shop.plain"
        category = NEWS

    class Off(notify.Kind):
        key = "shop.off"
        defaults = {"inbox": False}

    class Required(notify.Kind):
        key = "shop.required"
        required = ("inbox",)


choices = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(SCOPES), st.booleans()),
    unique_by=lambda one: one[:2],
    max_size=10,
)
mutes = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(TARGETS), st.sampled_from([None, -60, 3600])),
    unique_by=lambda one: one[:2],
    max_size=5,
)
said = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(KINDS),
        "category": st.sampled_from(["", "orders", "news"]),
        "about": st.sampled_from([None, ("order", 7), ("order", 8)]),
        "actor": st.sampled_from([None, User(pk=ACTOR, username="actor")]),
    }
)
site = st.sampled_from([{}, {"all": {"inbox": False}}, {"kind:shop.off": {"inbox": True}}])


@pytest.mark.usefixtures("db", "kinds", "announced")
@pytest.mark.parametrize("one_statement", [True, False])
@pytest.mark.parametrize("with_groups", [True, False])
def test_the_append_decides_as_the_function_does(
    settings: Any, one_statement: bool, with_groups: bool
) -> None:
    settings.NOTIFY_ONE_STATEMENT = one_statement
    settings.NOTIFY_GROUP_DEFAULTS = f"{__name__}.groups" if with_groups else None
    users = people(4)
    User.objects.create(pk=ACTOR, username="actor")

    @EXAMPLES
    @given(
        said=st.lists(said, min_size=1, max_size=3),
        choices=choices,
        mutes=mutes,
        site=site,
        topics=st.sampled_from([[], ["orders"]]),
    )
    def decides(said: Any, choices: Any, mutes: Any, site: Any, topics: Any) -> None:
        with transaction.atomic():
            settings.NOTIFY_DEFAULTS = site
            Preference.objects.bulk_create(
                Preference(user=users[n], scope=scope, value=value) for n, scope, value in choices
            )
            Mute.objects.bulk_create(
                Mute(user=users[n], target=target, until=until and Now() + timedelta(0, until))
                for n, target, until in mutes
            )
            to = [*users, *map(topic, topics)]
            notices = [deliver(to, **said[0])] if len(said) == 1 else deliver_together(to, said)
            for notice in notices:
                asked = asked_of(notice)
                for user in users:
                    wishes = wishes_of(key(user), "inbox", asked.targets)
                    copy = Notification.objects.get(notice=notice, user=user)
                    wanted = Place.INBOX if decide(asked, wishes).value else Place.FILED
                    assert copy.place == wanted, (asked, wishes)
                    assert (copy.placed is None) == (copy.place == Place.INBOX)
            assert [counts(user) for user in users] == [recounted(user) for user in users]
            transaction.set_rollback(True)

    decides()


def deliver_together(to: Any, said: Any) -> Any:
    with committed():
        return sending.send_many(notify.NewNotice(to=to, title="Hello", **one) for one in said)


EXAMPLES = settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
