"""What must work though every read that a router decides is of a replica that lags; run by
tests/integration/test_replica.py."""

from __future__ import annotations

import io
from datetime import timedelta
from importlib import import_module

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connections

import notify
from notify import sending
from notify.access import authentication
from notify.access.session_store import lost_sessions, sessions_of
from notify.inbox import reading, retention
from notify.models import ApiToken, KnownDevice, Notice, Notification, permissions
from notify.sending.names import groups_named, users_named
from tests.unit.admin.helpers import send_at_once

pytestmark = pytest.mark.django_db(transaction=True, databases=["primary", "replica"])

BACKEND = "django.contrib.auth.backends.ModelBackend"
NOTICES = "/api/notify/notices/"


@pytest.fixture(autouse=True)
def nothing_of_ours_is_asked_of_the_replica(db_blocked):
    yield
    assert db_blocked == []


@pytest.fixture
def db_blocked(transactional_db):
    asked = []

    def watch(execute, sql, params, many, context):
        if "notify_" in sql:
            asked.append(sql)
        return execute(sql, params, many, context)

    with connections["replica"].execute_wrapper(watch):
        yield asked


@pytest.fixture
def ada():
    return User.objects.create(username="ada", email="ada@example.org", password="x")


@pytest.fixture
def boss():
    """Signs in by what Django reads from the replica, so that it has to be there."""
    user = User.objects.create(username="boss", is_staff=True, is_superuser=True, password="x")
    user.save(using="replica", force_insert=True)
    user._state.db = "primary"
    return user


@pytest.fixture
def staff_client(boss, client, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    client.force_login(boss)
    return client


def test_the_replica_knows_nobody(ada):
    assert not User.objects.exists()
    assert User.objects.using("primary").get() == ada


def test_what_was_sent_is_told_at_once(ada):
    notice = notify.send(to=ada, title="Hello", actor=ada, include_actor=True)
    assert notice.status == "sent"
    notice.refresh_from_db()
    assert notice.batch_set.count() == 0
    copy = Notification.objects.get(user=ada, notice=notice)
    assert copy.notice == notice
    assert [one.kind for one in Notice.objects.all()] == ["", "notify.welcome"]
    assert sending.recall(notice) == 1
    assert Notice.objects.get(pk=notice.pk).status == "recalled"


def test_whoever_and_whatever_was_made_a_moment_ago_is_found(ada):
    group = Group.objects.create(name="crew")
    group.user_set.add(ada)
    assert users_named(["ada"]) == [ada]
    assert groups_named(["crew"]) == [group]
    for to in (ada, ada.pk, group, notify.everyone(), [group, ada]):
        assert notify.send(to=to, title="Hello").status == "sent"
    assert reading.heads([str(ada.pk)])[str(ada.pk)].unread == 6


@pytest.mark.parametrize("alias", [None, "primary", "replica"])
def test_a_queryset_is_read_where_the_notice_is_written(ada, alias):
    users = User.objects.using(alias).filter(username="ada")
    assert notify.send(to=users, title="Hello").status == "sent"
    assert notify.send(to=[users, ada], title="Hello").status == "sent"


def test_the_commands(ada):
    out = io.StringIO()
    call_command("notify_send", "--to", "ada", "--title", "Hello", "--key", "k", stdout=out)
    call_command("notify_send", "--to", "ada", "--title", "Hello", "--key", "k", stdout=out)
    assert "sent to 1 person" in out.getvalue()
    assert "was already sent to 1 person" in out.getvalue()
    for command in (
        ("notify_export", "ada"),
        ("notify_doctor", "--recount"),
        ("notify_prune", "--older-than", "30d"),
        ("notify_work", "--until-idle"),
        ("notify_erase", "ada", "--yes"),
    ):
        call_command(*command, stdout=io.StringIO())
    assert not Notification.objects.exists()


def test_the_demo_users_need_no_default_database(settings):
    settings.DEBUG = True
    for _again in range(2):
        call_command("notify_demo", stdout=io.StringIO())
    assert User.objects.using("primary").count() == 4


def test_the_api(ada, client):
    User.objects.filter(pk=ada.pk).update(is_superuser=True)
    _token, plain = ApiToken.objects.issue(ada, "script", ["send", "inbox"])
    headers = {"authorization": f"Bearer {plain}"}

    def post(path, body):
        answer = client.post(path, body, "application/json", headers=headers)
        return answer.status_code, answer.json()

    said = {"to": {"users": ["ada"]}, "title": "Hello", "key": "k"}
    status, sent = post(NOTICES, said)
    assert (status, sent["recipients"]) == (201, 1)
    assert post(NOTICES, said) == (200, sent)
    answer = client.get(f"{NOTICES}{sent['id']}/", headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "sent")
    assert client.get("/api/notify/inbox/", headers=headers).json()["unread"] == 2
    mark = {"ref": "1", "as": "read", "ids": [sent["id"]]}
    assert post("/api/notify/inbox/mark/", mark)[0] == 200
    assert post("/api/notify/ticket/", {})[0] == 200
    assert post(f"{NOTICES}{sent['id']}/recall/", {}) == (200, {"id": sent["id"], "inboxes": 1})


def test_the_admin(ada, staff_client, monkeypatch):
    send_at_once(monkeypatch)
    form = {"title": "Hello", "level": "info"}
    for key, to in (("a", {"users": [ada.pk]}), ("b", {"usernames": "ada"})):
        answer = staff_client.post("/admin/notify/notice/add/", form | to | {"form_key": key})
        own_page = answer.headers.get("Location")
        assert own_page, answer.context["adminform"].form.errors
        form["title"] += "!"
        assert staff_client.get(own_page).status_code == 200
    notice = Notice.objects.filter(kind="").latest("pk")
    for path in (
        "notice/",
        f"notice/{notice.pk}/progress/",
        f"notice/{notice.pk}/recall/",
        "inbox/",
        f"inbox/{ada.pk}/change/?notice={notice.pk}",
        "apitoken/",
    ):
        assert staff_client.get(f"/admin/notify/{path}").status_code == 200, path
    audience = staff_client.post("/admin/notify/notice/audience/", {"usernames": "ada"}).json()
    assert (audience["count"], audience["sample"]) == (1, ["ada"])
    assert staff_client.post(f"/admin/notify/notice/{notice.pk}/recall/").status_code == 302
    assert Notice.objects.get(pk=notice.pk).recalled is not None


def test_the_pages(boss, staff_client):
    notify.send(to=boss, title="Hello")
    assert "Hello" in staff_client.get("/notify/").content.decode()
    assert staff_client.get("/notify/operations/").status_code == 200
    assert staff_client.get("/readyz").status_code == 200


def test_a_socket_is_known_by_what_was_written_a_moment_ago(ada):
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(ada.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = ada.get_session_auth_hash()
    session.save()
    key = session.session_key
    cookie = f"{settings.SESSION_COOKIE_NAME}={key}".encode()
    scope = {
        "type": "websocket",
        "path": "/ws/notify/",
        "query_string": b"",
        "headers": [(b"cookie", cookie), (b"host", b"testserver")],
    }
    [identity] = authentication.identify([scope])
    assert identity is not None
    assert identity.user == str(ada.pk)
    assert authentication.revalidate([identity]) == {}
    assert lost_sessions({key}) == set()
    assert set(sessions_of(str(ada.pk)) or ()) == {key}
    ada.is_superuser = True
    ada.save()
    assert authentication.user_has(str(ada.pk), permissions.VIEW_OPERATIONS)


def test_its_own_notices(ada, rf):
    assert Notice.objects.get().kind == "notify.welcome"
    ada.set_password("first")
    ada.save()
    ada.set_password("second")
    ada.save()
    assert Notice.objects.filter(kind="notify.password_changed").count() == 2
    assert KnownDevice.objects.count() == 0


def test_old_notices_are_pruned(ada):
    Notice.objects.update(created="2020-01-01T00:00:00Z")
    pruned = retention.prune(timedelta(days=1), announce=lambda change: None, pause_s=0)
    assert (pruned.notifications, pruned.notices) == (1, 1)
