"""The picture of the person who caused a notice."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.functional import SimpleLazyObject

import notify
from notify.inbox import reading
from notify.models import Notice
from notify.sending import pictures

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "https://img.example.org/7.jpg"


def of_project(user):
    return f"/people/{user.get_username()}/"


def of_its_groups(user):
    return f"/people/{user.groups.count()}/"


@pytest.fixture(autouse=True)
def nothing_logged():
    pictures._logged_at.clear()


def count_queries(notices):
    with CaptureQueriesContext(connection) as queries:
        notify.send_many(notices)
    return len(queries)


@pytest.fixture
def answer_with(monkeypatch, settings):
    def make(answer):
        def picture(user):
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(f"{__name__}.of_project", picture)
        settings.NOTIFY_ACTOR_PICTURE = f"{__name__}.of_project"

    return make


def test_it_is_stored_with_the_notice_and_told_with_the_actor(ada, bob, settings):
    settings.NOTIFY_ACTOR_PICTURE = f"{__name__}.of_project"
    request_user: Any = SimpleLazyObject(lambda: bob)
    notify.send(to=ada, title="Hello", actor=request_user)
    [row] = reading.page(str(ada.pk)).rows
    assert row["actor"] == {"id": str(bob.pk), "name": bob.username, "picture": f"/people/{bob}/"}


def test_without_a_function_or_an_actor_none_is_asked_for(ada, bob, answer_with):
    notify.send(to=ada, title="Hello", actor=bob)
    answer_with(AssertionError("asked"))
    notify.send(to=ada, title="Hello")
    assert {notice.actor_picture for notice in Notice.objects.all()} == {""}
    assert [row["actor"] for row in reading.page(str(ada.pk)).rows] == [
        None,
        {"id": str(bob.pk), "name": bob.username},
    ]


@pytest.mark.parametrize("answer", [ADDRESS, "/media/7.jpg", None, ""])
def test_the_project_may_have_none(ada, answer_with, caplog, answer):
    answer_with(answer)
    assert pictures.picture_of(ada) == (answer or "")
    assert caplog.records == []


@pytest.mark.parametrize(
    "answer",
    [
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "//example.org/7.jpg",
        "7.jpg",
        "/7\0.jpg",
        "/\ud800.jpg",
        "/" + "x" * 10_000,
        b"/7.jpg",
        7,
        RuntimeError("broken"),
    ],
    ids=repr,
)
def test_what_may_not_be_shown_is_no_picture_and_one_line_a_minute(
    ada, bob, answer_with, caplog, answer
):
    answer_with(answer)
    for _ in range(3):
        notify.send(to=ada, title="Hello", actor=bob)
    assert {notice.actor_picture for notice in Notice.objects.all()} == {""}
    [record] = caplog.records
    assert "NOTIFY_ACTOR_PICTURE" in record.message
    assert len(record.message) < 500
    pictures._logged_at[0] -= pictures.LOG_INTERVAL_S
    pictures.picture_of(bob)
    assert len(caplog.records) == 2


def test_one_actor_of_many_notices_is_asked_for_once(ada, bob, settings):
    bob.groups.add(Group.objects.create(name="people"))
    cleo = User.objects.create(username="cleo")
    notices = [
        notify.NewNotice(to=ada, title=str(n), actor=actor)
        for n in range(50)
        for actor in (bob, cleo)
    ]
    without = count_queries(notices)
    settings.NOTIFY_ACTOR_PICTURE = f"{__name__}.of_its_groups"
    assert count_queries(notices) == without + 2
    found = Notice.objects.order_by("-pk").values_list("actor_picture", flat=True)
    assert set(found[:100]) == {"/people/1/", "/people/0/"}


def test_reading_asks_nothing_of_the_project(ada, bob, settings, answer_with):
    settings.NOTIFY_ACTOR_PICTURE = f"{__name__}.of_project"
    notify.send(to=ada, title="Hello", actor=bob)
    answer_with(AssertionError("asked"))
    User.objects.filter(pk=bob.pk).update(username="robert")
    [row] = reading.page(str(ada.pk)).rows
    assert row["actor"] == {"id": str(bob.pk), "name": f"{bob}", "picture": f"/people/{bob}/"}


def test_another_picture_is_no_other_notice(ada, bob, settings):
    settings.NOTIFY_ACTOR_PICTURE = f"{__name__}.of_its_groups"
    first = notify.send(to=ada, title="Hello", actor=bob, key="k")
    bob.groups.add(Group.objects.create(name="people"))
    assert notify.send(to=ada, title="Hello", actor=bob, key="k").pk == first.pk
    settings.NOTIFY_ACTOR_PICTURE = None
    assert notify.send(to=ada, title="Hello", actor=bob, key="k").pk == first.pk
