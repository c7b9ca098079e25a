"""What must work whatever the user model is; run by tests/integration/test_any_user_model.py."""

from __future__ import annotations

import io
import os
import random
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, PermissionsMixin
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext, override_settings

import notify
from notify import protocol, sending
from notify.access import authentication
from notify.bus.publisher import publisher
from notify.changes import Change, Cursor
from notify.exceptions import InvalidNotice, KeyConflict, UnknownUsers
from notify.inbox import marking, reading, retention, upkeep
from notify.management.arguments import user_named
from notify.models import (
    ApiToken,
    Batch,
    Inbox,
    Notice,
    Notification,
    Place,
    Reason,
    permissions,
)
from notify.sending.names import users_named
from notify.sql.keys import database_key, key_type
from tests.unit.admin.helpers import send_at_once
from tests.unit.inbox.helpers import committed, something_is_due
from tests.uuid_project.people.models import Office

pytestmark = pytest.mark.django_db

People = get_user_model()


def make(count):
    """Users, in the order of their keys, with names in another order."""
    names = [f"name-{n}@example.org" for n in range(count)]
    random.Random(1).shuffle(names)  # noqa: S311  the same order in each run
    for n, name in enumerate(names):
        People._default_manager.create(**{People.USERNAME_FIELD: name}, **own_fields(n))
    return list(People._default_manager.order_by("pk"))


def own_fields(n):
    match People.__name__:
        case "MyUser":
            return {"id": 2**53 + n}
        case "Clerk":  # one that the validators of today would refuse
            office = Office(code=f"office {n}")
            office.save()
            return {"office": office}
    return {}


def on_commit(work):
    def run(*args, **kwargs):
        with committed():
            return work(*args, **kwargs)

    return run


send = on_commit(notify.send)
send_many = on_commit(notify.send_many)
recall = on_commit(notify.recall)
mark = on_commit(sending.mark)
mark_through = on_commit(sending.mark_through)


@pytest.fixture(autouse=True)
def no_welcome(settings):
    settings.NOTIFY_WELCOME = False


@pytest.fixture
def announced(monkeypatch):
    changes: list[Change] = []
    monkeypatch.setattr(publisher, "publish", changes.append)
    return changes


def counts(user):
    inbox = Inbox.objects.get(pk=user.pk)
    return inbox.version, inbox.unseen, inbox.unread


def cursor_of(user):
    head = reading.heads([str(user.pk)])[str(user.pk)]
    return Cursor(head.epoch, head.version)


def test_it_is_the_user_model_that_it_should_be():
    assert People._meta.label == f"people.{os.environ['TEST_USER_MODEL']}"
    assert [message for message in run_checks() if message.id != "notify.W001"] == []


def test_a_notice_is_sent_by_whatever_names_a_user(announced):
    users = make(4)
    ada = users[0]
    for to in (
        ada,
        ada.pk,
        str(ada.pk),
        [ada],
        [ada.pk, str(ada.pk)],
        People._default_manager.filter(pk=ada.pk),
        users_named([ada.get_username()]),
    ):
        send(to=to, title="Hello")
    send(to=notify.everyone(), title="For all")

    assert counts(ada) == (8, 8, 8)
    assert counts(users[3]) == (1, 1, 1)
    assert [step.user for step in announced[-1].steps] == [str(user.pk) for user in users]
    assert {change.steps[0].user for change in announced[:-1]} == {str(ada.pk)}


def test_what_they_want_and_why_they_got_it(announced, monkeypatch):
    monkeypatch.setattr(publisher, "publish_preferences", lambda *what: None)
    ada, bob, carol = make(3)
    notify.prefer(ada, "category:news", value=False)
    notify.mute(bob, carol)
    notify.follow(carol, "post:3")
    for one_statement in (True, False):
        with override_settings(NOTIFY_ONE_STATEMENT=one_statement):
            news = send(
                to=[ada, bob, notify.topic("post:3")],
                title="Hello",
                category="news",
                actor=carol,
                include_actor=True,
            )
        copies = Notification.objects.filter(notice=news).order_by("user")
        assert list(copies.values_list("user", "place", "reason")) == [
            (ada.pk, Place.FILED, Reason.NAME),
            (bob.pk, Place.FILED, Reason.NAME),
            (carol.pk, Place.INBOX, Reason.TOPIC),
        ]
        assert announced[-1].filed == {str(ada.pk), str(bob.pk)}
    several = [notify.NewNotice(to=[ada, bob], title=name, category=name) for name in ("news", "x")]
    send_many(several)
    assert [counts(user)[1:] for user in (ada, bob, carol)] == [(1, 1), (2, 2), (2, 2)]
    found = notify.why(bob.pk, news)
    assert (found.scope, found.decision.value) == (f"actor:{carol.pk}", False)
    assert notify.unmute(str(bob.pk), carol)


def test_groups_where_the_user_model_has_some():
    ada, _bob = make(2)
    group = Group.objects.create(name="crew")
    if People.__name__ == "Clerk":  # in a team that has the group's key
        ada.groups.create(pk=group.pk)
    if isinstance(ada, PermissionsMixin):
        ada.groups.add(group)
        send(to=group, title="Hello")
        assert counts(ada) == (1, 1, 1)
    else:
        with pytest.raises(InvalidNotice, match="no groups"):
            send(to=group, title="Hello")


@pytest.mark.parametrize("nobody", [None, b"x", 1.5, True, [object()]], ids=repr)
def test_what_is_no_key_is_refused(nobody):
    with pytest.raises(InvalidNotice):
        send(to=nobody, title="Hello")


def test_a_key_of_nobody_is_refused():
    ada, gone = make(2)
    key = gone.pk
    gone.delete()
    with pytest.raises(UnknownUsers):
        send(to=[ada, key], title="Hello")


def test_what_is_announced_is_what_is_read(announced):
    ada, actor = make(2)
    send(to=ada, title="Hello", actor=actor, sender=actor, key="k")
    with pytest.raises(KeyConflict):
        send(to=ada, title="Other", actor=actor, sender=actor, key="k")

    [change] = announced
    [row] = reading.page(str(ada.pk)).rows
    [arrival] = change.arrivals
    assert row == arrival | {"arrived": 1, "version": 1}
    assert row["actor"]["id"] == str(actor.pk)
    assert row["actor"]["name"] == actor.get_username()
    assert Notice.objects.get().sender == f"user:{actor.pk}"


def test_reading_by_cursor_and_by_page(announced):
    ada, bob = make(2)
    name = str(ada.pk)
    [anew] = reading.changes([(name, None)])
    assert (anew.user, anew.reset, anew.version) == (name, True, 0)
    for n in range(3):
        send(to=[ada, bob], title=f"{n}")

    told, of_bob = reading.changes([(name, Cursor(anew.epoch, 1)), (str(bob.pk), None)])

    assert told is not None
    assert told.user == name
    assert [row["title"] for row in told.rows] == ["1", "2"]
    assert of_bob.user == str(bob.pk)
    assert of_bob.reset
    assert [row["title"] for row in reading.page(name, before=3).rows] == ["1", "0"]
    assert protocol.frames_of(told)[0].to == 3
    assert {step.epoch for change in announced for step in change.steps if step.user == name} == {
        anew.epoch
    }


def test_marks_and_their_counts():
    [ada] = make(1)
    name = str(ada.pk)
    notices = [send(to=ada, title=f"{n}") for n in range(4)]

    assert mark(name, "seen", ids=[notices[0].pk]) == 5
    assert counts(ada) == (5, 3, 4)
    version, change = marking.mark_ids(name, "read", [notices[1].pk])
    assert version == 6
    assert change.steps[0].user == name
    assert [row["id"] for row in change.rows] == [notices[1].pk]
    assert mark_through(name, "archived", epoch=cursor_of(ada).epoch, through=3) == 7
    assert counts(ada) == (7, 1, 1)
    assert upkeep.recount(name) is None


def test_recalls_deletions_acknowledgements_and_epochs(announced):
    ada, bob = make(2)
    first, second = (send(to=[ada, bob], title=f"{n}") for n in range(2))
    before = cursor_of(ada)

    assert recall(first) == 2
    assert counts(ada) == (3, 1, 1)
    assert {step.user for step in announced[-1].steps} == {str(ada.pk), str(bob.pk)}
    change = upkeep.delete_rows(str(ada.pk), [second.pk])
    assert change.steps[0].user == str(ada.pk)
    assert reading.changes([(str(ada.pk), before)])[0].reset
    assert upkeep.acknowledge({str(ada.pk): 4, str(bob.pk): 2}) == {str(ada.pk), str(bob.pk)}
    assert Inbox.objects.get(pk=ada.pk).acknowledged == 4
    epochs = cursor_of(ada).epoch, cursor_of(bob).epoch
    assert upkeep.renew_epochs({str(ada.pk): 9, str(bob.pk): 1}) == 1
    assert cursor_of(ada).epoch != epochs[0]
    assert cursor_of(bob).epoch == epochs[1]
    assert upkeep.renew_all_epochs() == 2


def test_batches_are_in_the_order_of_locking_and_skip_who_is_gone(settings):
    settings.NOTIFY_BATCH_SIZE = 3
    users = make(8)
    notice = send(to=random.Random(2).sample(users, 8), title="Hello")  # noqa: S311
    keys = [key for batch in Batch.objects.order_by("pk") for key in batch.recipients]
    assert keys == [database_key(user.pk) for user in users]
    users[4].delete()

    while sending.carry_out_next():
        pass

    progress: Any = Notice.objects.with_progress().get(pk=notice.pk)
    assert (progress.appended, progress.skipped, progress.status) == (7, 1, "sent")
    assert not something_is_due()


def test_pruning_and_counting():
    ada, bob = make(2)
    send(to=[ada, bob], title="old")
    Notice.objects.update(created=Now() - timedelta(days=40))
    young = send(to=ada, title="young")
    mark(str(ada.pk), "read", ids=[young.pk])
    upkeep.acknowledge({str(ada.pk): 3})
    found: Any = Notice.objects.with_counts().get(pk=young.pk)
    assert (found.delivered, found.seen, found.read) == (1, 1, 1)

    users = []
    pruned = retention.prune(
        timedelta(days=30), announce=lambda change: users.append(change.steps[0].user), pause_s=0
    )

    assert (pruned.notifications, pruned.notices) == (2, 1)
    assert sorted(users) == sorted([str(ada.pk), str(bob.pk)])


def test_a_new_user_is_welcomed(settings):
    settings.NOTIFY_WELCOME = True
    with committed():
        [ada] = make(1)
    assert counts(ada) == (1, 1, 1)
    assert Notification.objects.get().notice.kind == "notify.welcome"


def test_a_user_may_be_deleted_and_takes_the_inbox_along():
    ada, bob = make(2)
    send(to=[ada, bob], title="Hello", actor=None)
    ApiToken.objects.issue(ada, "script", ["inbox"])
    name = str(ada.pk)
    ada.delete()
    assert reading.changes([(name, None)]) == [None]
    assert [row.user_id for row in Notification.objects.all()] == [bob.pk]


def test_everyone_is_who_is_active_where_the_model_knows():
    ada, bob = make(2)
    if "is_active" in {field.name for field in People._meta.get_fields()}:
        People._default_manager.filter(pk=bob.pk).update(is_active=False)
        send(to=notify.everyone(), title="Hello")
        assert not Inbox.objects.filter(pk=bob.pk).exists()
    else:
        send(to=notify.everyone(), title="Hello")
        assert counts(bob) == (1, 1, 1)
    assert counts(ada) == (1, 1, 1)


@pytest.mark.postgres
def test_keys_have_the_type_of_the_column():
    [ada] = make(1)
    send(to=ada, title="Hello")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT data_type FROM information_schema.columns"
            " WHERE table_name = 'notify_inbox' AND column_name = 'user_id'"
        )
        [(column,)] = cursor.fetchall()
    assert key_type() in {column, column.replace("character varying", "varchar")}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_notice_and_a_mark_as_one_statement_each(announced):
    ada, bob = make(2)
    notify.send(to=[ada, bob], title="makes the inboxes")
    with CaptureQueriesContext(connection) as queries:
        notice = notify.send(to=ada, title="Hello", actor=bob)
        assert sending.mark(str(ada.pk), "read", ids=[notice.pk]) == 3
    assert len(queries) == 2
    assert counts(ada) == (3, 1, 1)
    arrived, marked = announced[-2:]
    assert arrived.steps[0].user == marked.steps[0].user == str(ada.pk)
    assert marked.rows[0]["actor"]["id"] == str(bob.pk)
    assert counts(bob) == (1, 1, 1)


def test_many_notices_have_actors(announced):
    ada, bob = make(2)
    notices = send_many(
        [
            notify.NewNotice(to=ada, actor=bob, title="to one"),
            notify.NewNotice(to=[ada, bob], actor=bob, title="not to the actor"),
        ]
    )
    for notice in notices:
        notice.refresh_from_db()
        assert notice.actor == bob
    assert counts(ada) == (2, 2, 2)
    assert not Inbox.objects.filter(pk=bob.pk, unread__gt=0).exists()


@pytest.mark.parametrize("permission", ["send_notice", "view_inbox"])
def test_a_permission_where_the_user_model_has_some(permission):
    ada, _bob = make(2)
    wanted = Permission.objects.get(codename=permission)
    if hasattr(ada, "user_permissions"):
        ada.user_permissions.add(wanted)
        send(to=wanted, title="Hello")
        assert counts(ada) == (1, 1, 1)
    else:
        with pytest.raises(InvalidNotice, match="no permissions"):
            send(to=wanted, title="Hello")


def test_a_username_is_found_in_another_case_where_the_column_takes_no_notice_of_it():
    ada, bob = make(2)
    loud = ada.get_username().upper()
    if People.__name__ in {"MyUser", "Nickname"}:
        assert set(users_named([loud, ada.get_username(), bob.get_username()])) == {ada, bob}
        with committed():
            call_command("notify_send", "--to", loud, "--title", "Hello", stdout=io.StringIO())
        assert counts(ada) == (1, 1, 1)
        assert user_named(loud) == ada
    with pytest.raises(UnknownUsers, match="nobody"):
        users_named([loud, "nobody"])


def test_a_key_names_a_user_in_another_case_where_the_column_takes_no_notice_of_it(announced):
    ada, bob = make(2)
    if People.__name__ != "Nickname":
        pytest.skip("a key is a key")
    loud = ada.pk.upper()
    for to in (loud, [loud, ada.pk], [loud, People._default_manager.filter(pk=bob.pk)]):
        send(to=to, title="Hello")
    send_many([notify.NewNotice(to=[loud, ada.pk], title="Hello") for _ in range(2)])
    assert counts(ada) == (5, 5, 5)
    send_many([notify.NewNotice(to=[bob.pk.upper(), ada.pk], actor=bob, title="Hello")])
    assert counts(ada) == (6, 6, 6)
    assert counts(bob) == (1, 1, 1)
    send_many([notify.NewNotice(to=bob.pk.upper(), title=f"{n}") for n in range(2)])
    assert counts(bob) == (3, 3, 3)
    assert {step.user for change in announced for step in change.steps} == {ada.pk, bob.pk}
    with pytest.raises(UnknownUsers, match="nobody"):
        send(to=[loud, "nobody"], title="Hello")


def test_the_demo_says_where_it_cannot_make_the_users(settings):
    settings.DEBUG = True
    if People.__name__ in {"MyUser", "Clerk"}:
        with pytest.raises(CommandError, match="Create ada, bob, cleo and admin yourself"):
            call_command("notify_demo", stdout=io.StringIO())
    else:
        call_command("notify_demo", stdout=io.StringIO())
        assert len(users_named(["ada", "bob", "cleo", "admin"])) == 4


# What a signed-in user may, where the model knows of permissions, and where it does not.

NOTICES = "/api/notify/notices/"


@pytest.fixture
def statuses(client):
    """Of what needs a permission, by path, for this user; by session and by API token."""

    def ask(user):
        client.force_login(user)
        body = {"to": {"everyone": True}, "title": "Hello"}
        _token, plain = ApiToken.objects.issue(user, "script", ["send"])
        by_token = {"authorization": f"Bearer {plain}"}
        with committed():
            return {
                "operations": client.get("/notify/operations/").status_code,
                "metrics": client.get("/metrics").status_code,
                "send": client.post(NOTICES, body, "application/json").status_code,
                "status": client.get(f"{NOTICES}{2**40}/").status_code,
                "recall": client.post(f"{NOTICES}{2**40}/recall/").status_code,
                "send by token": client.post(
                    NOTICES, body, "application/json", headers=by_token
                ).status_code,
                "watch": authentication.user_has(str(user.pk), permissions.VIEW_OPERATIONS),
            }

    return ask


def test_whoever_has_no_permission_is_refused_and_nothing_fails(statuses):
    [ada] = make(1)
    may = statuses(ada)
    assert may.pop("watch") is False
    assert set(may.values()) == {403}, may


def admin_of_the_model():
    [boss] = make(1)
    rights = {"MyUser": {"is_admin"}, "Person": {"is_superuser"}, "Member": {"is_superuser"}}
    People._default_manager.filter(pk=boss.pk).update(
        **dict.fromkeys(rights[People.__name__], True)
    )
    return People._default_manager.get(pk=boss.pk)


def test_whoever_has_all_permissions_may(statuses):
    if not hasattr(People, "has_perm"):
        pytest.skip("nobody has any")
    expected = {"operations": 200, "metrics": 200, "send": 201, "status": 404, "recall": 404}
    assert statuses(admin_of_the_model()) == expected | {"send by token": 201, "watch": True}


@pytest.mark.skipif(People.__name__ != "MyUser", reason="the others are no staff")
def test_the_admin_works_for_users_who_have_permissions_of_the_projects_own(client, monkeypatch):
    send_at_once(monkeypatch)
    boss = admin_of_the_model()
    ada = People._default_manager.create(email="ada@example.org", id=1)
    client.force_login(boss)
    said = {"title": "Hello", "level": "info", "form_key": "k", "usernames": "ADA@example.org"}
    with committed():
        answer = client.post("/admin/notify/notice/add/", said)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert counts(ada) == (1, 1, 1)
    form = client.get("/admin/notify/notice/add/").content.decode()
    assert "id_groups" not in form
    assert "id_permission" not in form
    token = {"name": "script", "user": ada.pk, "scopes": ["inbox"]}
    assert "ntf_" in client.post("/admin/notify/apitoken/add/", token).content.decode()
    for path in (
        "notice/",
        f"notice/{Notice.objects.get().pk}/change/",
        "inbox/",
        f"inbox/{ada.pk}/change/",
        "apitoken/",
    ):
        answer = client.get(f"/admin/notify/{path}")
        assert answer.status_code == 200, path
        assert "The office" in answer.content.decode()  # the project's own site
    found = client.get("/admin/notify/notice/people/", {"term": "ADA@"}).json()["results"]
    assert [one["id"] for one in found] == [str(ada.pk)]
    assert "ada@example.org" in client.get("/admin/notify/inbox/?q=ADA@").content.decode()
    answer = client.post("/admin/notify/notice/audience/", {"permission": 1, "groups": [1]})
    assert answer.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_name_that_is_too_long_is_nobodys():
    if People._meta.pk.get_internal_type() == "CharField":
        ada = People._default_manager.create(pk="a" * People._meta.pk.max_length)
        notice = send(to=ada, title="Hello", sender=ada, key="k")
        assert send(to=ada, title="Hello", sender=ada, key="k").pk == notice.pk
        with pytest.raises(Inbox.DoesNotExist):
            sending.mark(f"{ada.pk}a", "read", ids=[Notice.objects.get().pk])
        assert counts(ada) == (1, 1, 1)
