"""Copies that their recipients do not want: in the archive from the start, without a sound."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import notify
from notify import sending
from notify.bus import hints
from notify.bus.publisher import publisher
from notify.inbox import reading, work
from notify.models import (
    Batch,
    Mute,
    Notice,
    Notification,
    Place,
    Preference,
    Reason,
    Subscription,
)
from notify.readers import filing
from notify.readers.targets import topic
from tests.unit.inbox.helpers import (
    abandoned,
    age_batches,
    batch_of,
    changes_since,
    committed,
    copy_of,
    counts,
    cursor_of,
    deliver,
    inbox_of,
    key,
    people,
    recounted,
    titles,
)

pytestmark = pytest.mark.django_db


def refuse(user: User, scope: str = "category:news", *, value: bool = False) -> None:
    Preference.objects.update_or_create(user=user, scope=scope, defaults={"value": value})


@pytest.fixture
def required(own_kinds: None) -> str:
    """The key of a kind that nobody can turn off."""

    class Required(notify.Kind):
        key = "shop.required"
        category = "news"
        required = ("inbox",)

    return Required.key


def places(notice: Notice, *users: User) -> list[str]:
    return [Place(copy_of(user, notice).place).name for user in users]


def test_it_counts_nowhere_and_has_its_version(ada: User) -> None:
    deliver(ada, "wanted")
    refuse(ada)

    notice = deliver(ada, "unwanted", category="news")

    inbox, copy = inbox_of(ada), copy_of(ada, notice)
    assert (inbox.version, inbox.unseen, inbox.unread, inbox.badge) == (2, 1, 1, 1)
    assert (copy.arrived, copy.version, copy.place) == (2, 2, Place.FILED)
    assert copy.placed is not None
    assert copy.seen is copy.read is None
    assert titles(reading.page(key(ada)).rows) == ["wanted"]
    assert titles(reading.page(key(ada), tab="archived").rows) == ["unwanted"]
    assert titles(reading.page(key(ada), tab="unread").rows) == ["wanted"]


def test_a_client_reads_it_as_archived_without_a_gap(ada: User) -> None:
    deliver(ada)
    before = cursor_of(ada)
    refuse(ada)
    deliver(ada, "unwanted", category="news")

    found = changes_since(ada, before)
    [row] = found.rows
    assert (found.since, found.version, found.reset) == (1, 2, False)
    assert (row["arrived"], row["version"]) == (2, 2)
    assert row["archived"] is not None


def test_only_those_in_whose_inbox_it_is_are_told_the_row(
    ada: User, bob: User, monkeypatch: pytest.MonkeyPatch, announced: Any
) -> None:
    refuse(bob)
    notice = deliver([ada, bob], "news", category="news")

    [change] = announced.changes
    assert change.filed == {key(bob)}
    assert [step.unseen for step in sorted(change.steps)] == [1, 0]
    sent: list[Any] = []
    monkeypatch.undo()
    monkeypatch.setattr(publisher, "_publish", lambda *message: sent.append(message))
    publisher.publish(change)
    [(to_ada, local), (to_bob, local_of_bob)] = sent
    assert [hint["steps"][0] for _, hint in (*to_ada, *to_bob)] == [key(ada), key(bob)]
    assert hints.read_change(local).rows.are_known
    assert not hints.read_change(local_of_bob).rows.are_known
    assert notice.title not in str(to_bob)


def test_where_nobody_wants_it_no_row_is_pushed(ada: User, announced: Any) -> None:
    refuse(ada)
    deliver(ada, category="news")
    [part] = announced.last.parts()
    assert (part.arrivals, part.rows, len(part.steps)) == ((), None, 1)


def test_filed_then_inbox_then_read_then_archived_then_unread(ada: User) -> None:
    refuse(ada)
    notice = deliver(ada, category="news")
    seen = []
    for as_ in ("unread", "unarchived", "read", "unread", "archived", "unread"):
        sending.mark(key(ada), as_, ids=[notice.pk])
        assert counts(ada) == recounted(ada)
        seen.append((places(notice, ada)[0], *counts(ada)))
    assert seen == [
        ("FILED", 0, 0),  # as before, as an archived one
        ("INBOX", 0, 1),
        ("INBOX", 0, 0),
        ("INBOX", 0, 1),
        ("ARCHIVED", 0, 0),
        ("ARCHIVED", 0, 0),
    ]


def test_a_mark_that_moved_it_to_the_inbox_can_be_taken_back(ada: User) -> None:
    refuse(ada)
    notice = deliver(ada, category="news")
    cursor = cursor_of(ada)
    sending.mark(key(ada), "unarchived", ids=[notice.pk], ref="m1")
    assert counts(ada) == (0, 1)
    sending.undo(key(ada), ref="m1", epoch=cursor.epoch, since=cursor.since)
    assert places(notice, ada) == ["FILED"]
    assert counts(ada) == recounted(ada) == (0, 0)


def test_the_preference_of_now_holds_and_not_that_of_the_send(ada: User, bob: User) -> None:
    refuse(ada)
    notice = abandoned([ada, bob], category="news")
    refuse(ada, value=True)
    refuse(bob)
    work.carry_out(batch_of(notice).pk)
    assert places(notice, ada, bob) == ["INBOX", "FILED"]


def test_while_a_scheduled_notice_waits_preferences_may_change(ada: User) -> None:
    notice = deliver(ada, category="news", send_at=timezone.now() + timedelta(days=1))
    refuse(ada)
    Notice.objects.update(send_at=Now())
    Batch.objects.update(due=Now())
    assert sending.carry_out_next()
    assert places(notice, ada) == ["FILED"]


def test_a_mute_that_ends_in_the_middle_of_a_fan_out(settings: Any) -> None:
    settings.NOTIFY_BATCH_SIZE = 1
    users = people(2)
    Mute.objects.bulk_create(
        Mute(user=user, target="category:news", until=Now() + timedelta(hours=1)) for user in users
    )
    notice = deliver(users, category="news")
    first, second = Batch.objects.filter(notice=notice).order_by("pk")
    work.carry_out(first.pk)
    Mute.objects.update(until=Now())
    work.carry_out(second.pk)
    assert places(notice, *users) == ["FILED", "INBOX"]


@pytest.mark.parametrize("value", [True, False])
def test_an_explicit_choice_goes_before_that_for_the_category(ada: User, value: bool) -> None:
    refuse(ada, "category:news", value=not value)
    refuse(ada, "kind:a.kind", value=value)
    assert places(deliver(ada, category="news", kind="a.kind"), ada) == [
        "INBOX" if value else "FILED"
    ]


def test_two_people_with_each_others_mutes(ada: User, bob: User) -> None:
    Mute.objects.create(user=ada, target=f"actor:{bob.pk}")
    Mute.objects.create(user=bob, target=f"actor:{ada.pk}")
    from_ada = deliver([ada, bob], actor=ada, include_actor=True)
    from_bob = deliver([ada, bob], actor=bob, include_actor=True)
    assert places(from_ada, ada, bob) == ["INBOX", "FILED"]
    assert places(from_bob, ada, bob) == ["FILED", "INBOX"]


@pytest.fixture(params=[True, False])
def either_way(request: pytest.FixtureRequest, settings: Any) -> None:
    """In one statement, and in several."""
    settings.NOTIFY_ONE_STATEMENT = request.param


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("reason", list(Reason))
def test_in_whichever_way_people_are_reached_they_are_asked_and_what_is_required_passes(
    ada: User, bob: User, required: str, reason: Reason
) -> None:
    carol, group = people(1, "carol")[0], Group.objects.create(name="crew")
    permission = Permission.objects.get(codename="view_group")
    for user in (ada, bob, carol):
        user.groups.add(group)
        user.user_permissions.add(permission)
        Subscription.objects.create(user=user, topic="post:3")
    to = {
        Reason.NAME: [ada, bob.pk, str(carol.pk)],
        Reason.GROUP: group,
        Reason.PERMISSION: permission,
        Reason.TOPIC: topic("post:3"),
        Reason.QUERY: User.objects.filter(groups=group),
        Reason.EVERYONE: notify.everyone(),
    }[reason]
    refuse(ada)
    Mute.objects.create(user=bob, target="category:news")
    copies = Notification.objects.order_by("user")
    for kind, expected in (("", ["FILED", "FILED", "INBOX"]), (required, ["INBOX"] * 3)):
        notice = deliver(to, category="news", kind=kind)
        assert places(notice, ada, bob, carol) == expected
        assert set(copies.filter(notice=notice).values_list("reason", flat=True)) == {reason}
    assert [counts(user) for user in (ada, bob, carol)] == [(1, 1), (1, 1), (2, 2)]


def test_what_a_deleted_actor_did_is_not_muted_any_more(ada: User, bob: User) -> None:
    Mute.objects.create(user=ada, target=f"actor:{bob.pk}")
    notice = abandoned(ada, actor=bob)
    User.objects.filter(pk=bob.pk).delete()
    work.carry_out(batch_of(notice).pk)
    assert places(notice, ada) == ["INBOX"]


def test_a_thing_that_is_gone_stays_muted_and_a_topic_that_is_gone_mutes_nothing_else(
    ada: User, bob: User
) -> None:
    """The project deletes them, and notify holds their names."""
    for target in ("thing:order:7", "topic:post:3"):
        Mute.objects.create(user=ada, target=target)
    Subscription.objects.create(user=bob, topic="post:3")
    last = abandoned([ada, topic("post:3")])
    Subscription.objects.all().delete()
    work.carry_out(batch_of(last).pk)
    assert places(last, ada, bob) == ["FILED", "INBOX"]
    with pytest.raises(notify.EmptyAudience):
        deliver(topic("post:3"))
    assert places(deliver([ada, topic("post:3")]), ada) == ["FILED"]
    gone = deliver([ada, bob], about=("order", 7))
    assert places(gone, ada, bob) == ["FILED", "INBOX"]
    assert places(deliver([ada, bob], about=("order", 8)), ada, bob) == ["INBOX", "INBOX"]


def test_a_process_that_knows_of_none_never_overlooks_the_first_preference(ada: User) -> None:
    deliver(ada)
    assert not filing._Known.something_set
    refuse(ada)
    notices = [
        deliver(ada, category="news"),
        *notify.send_many([notify.NewNotice(to=ada, title=f"{n}", category="news") for n in "ab"]),
    ]
    age_batches(31)
    while sending.carry_out_next():
        pass
    assert [places(notice, ada) for notice in notices] == [["FILED"]] * 3
    assert filing._Known.something_set


def test_several_notices_of_which_one_is_filed_are_one_step_each_is_read(
    ada: User, bob: User, announced: Any
) -> None:
    refuse(bob)
    with transaction.atomic():
        notices = notify.send_many(
            notify.NewNotice(to=[ada, bob], title=category, category=category)
            for category in ("orders", "news")
        )
    work.append_several([batch_of(notice).pk for notice in notices], notices)
    assert [places(notice, ada, bob) for notice in notices] == [
        ["INBOX", "INBOX"],
        ["INBOX", "FILED"],
    ]
    assert (counts(ada), counts(bob)) == ((2, 2), (1, 1))
    assert inbox_of(bob).version == 2


def test_who_is_filed_by_a_loaded_fixture(ada: User, tmp_path: Any) -> None:
    refuse(ada)
    Mute.objects.create(user=ada, target="category:ads")
    path = tmp_path / "said.json"
    call_command("dumpdata", "notify.preference", "notify.mute", output=str(path))
    Preference.objects.all().delete()
    Mute.objects.all().delete()
    call_command("loaddata", str(path), verbosity=0)
    assert places(deliver(ada, category="news"), ada) == ["FILED"]
    assert places(deliver(ada, category="ads"), ada) == ["FILED"]


# What it costs


def statements_of(users: list[User], **said: Any) -> list[str]:
    notice = abandoned(users, category="news", **said)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        work.carry_out(batch_of(notice).pk)
    return [query["sql"] for query in captured]


def test_where_nothing_is_set_no_preference_is_asked(ada: User) -> None:
    deliver(ada)
    asked = [one for one in statements_of([ada]) if "notify_preference" in one]
    assert len(asked) == 1
    assert filing.NOTHING_SET in asked[0]
    assert "AS choice" not in asked[0]


def test_where_many_have_set_something_a_batch_is_as_many_statements() -> None:
    users = people(100)
    deliver(users)
    before = len(statements_of(users))
    Preference.objects.bulk_create(
        Preference(user=user, scope="category:news", value=False) for user in users[::3]
    )
    statements_of(users)  # this process finds out
    after = statements_of(users)
    more = 0 if connection.vendor == "postgresql" else 1  # which says who gets it filed
    assert len(after) == before + more
    assert Notification.objects.filter(place=Place.FILED).count() == 2 * 34


def test_what_is_required_asks_nothing(ada: User, required: str) -> None:
    refuse(ada, "all")
    Mute.objects.create(user=ada, target="category:news")
    statements = statements_of([ada], kind=required)
    assert not any("notify_preference" in one for one in statements)
    assert counts(ada) == (1, 1)


def test_a_kind_that_changes_its_category_is_asked_by_that_of_its_notice(
    ada: User, bob: User, own_kinds: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Moving(notify.Kind):
        key = "shop.moving"
        category = notify.Category("old", "Old")

        def title(self) -> str:
            return "Hello"

    def sent() -> Notice:
        with committed():
            return notify.send(Moving(), to=[ada, bob])

    refuse(ada, "category:old")
    refuse(bob, "category:new")
    before = sent()
    with transaction.atomic():
        waiting = notify.send(Moving(), to=[ada, bob])
    monkeypatch.setattr(Moving, "category", notify.Category("new", "New"))
    work.carry_out(batch_of(waiting).pk)
    for of_old in (before, waiting):
        assert places(of_old, ada, bob) == ["FILED", "INBOX"]
        found = notify.why(ada, of_old)
        assert found is not None
        assert found.scope == "category:old"
    assert places(sent(), ada, bob) == ["INBOX", "FILED"]
    refuse(ada, "kind:shop.moving")
    refuse(bob, "kind:shop.moving", value=True)
    assert places(sent(), ada, bob) == ["FILED", "INBOX"]


# Why somebody got it


def test_through_a_group_twice_a_topic_and_by_name_it_is_one_copy_for_the_strongest_reason(
    ada: User, bob: User
) -> None:
    crews = [Group.objects.create(name=name) for name in ("a", "b")]
    carol, dora = people(2, "more")
    for crew in crews:
        crew.user_set.set([ada, bob])
    for user in (ada, bob, carol):
        Subscription.objects.create(user=user, topic="post:3")
    to = [ada, *crews, topic("post:3"), notify.everyone()]

    notice = deliver(to)

    reasons = dict(Notification.objects.filter(notice=notice).values_list("user", "reason"))
    assert reasons == {
        ada.pk: Reason.NAME,
        bob.pk: Reason.GROUP,
        carol.pk: Reason.TOPIC,
        dora.pk: Reason.EVERYONE,
    }
    assert Notice.objects.get().topics == ["post:3"]
