"""Sending a kind: what a notice of it is, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Group
from django.db import connections
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.translation import gettext_lazy

import notify
from notify import About, InvalidNotice, KeyConflict, Kind, NewNotice
from notify.models import Notice
from notify.sending.verbs import asend
from tests.harness.database import orm
from tests.unit.inbox.helpers import copy_of, people
from tests.unit.kinds.examples import Everything, InItsLanguage, OrderShipped

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_kinds")]

SHIPPED = OrderShipped(number="A-7", items=2)


def test_its_texts_and_fields_are_stored(ada, announced):
    notice = Notice.objects.get(pk=notify.send(SHIPPED, to=ada).pk)
    assert (notice.title, notice.body, notice.url) == ("2 items", "A-7", "/orders/A-7/")
    assert (notice.kind, notice.category, notice.level) == (
        "shop.order_shipped",
        "orders",
        "success",
    )
    assert notice.data == {"number": "A-7"}
    assert notice.params == {"number": "A-7", "items": 2, "day": None}
    assert copy_of(ada, notice).notice_id == notice.pk


def test_the_texts_of_an_untyped_notice_have_no_fields(ada, announced):
    assert Notice.objects.get(pk=notify.send(to=ada, title="Hello").pk).params is None


def test_its_fields_reach_no_browser(ada, announced):
    notify.send(InItsLanguage(), to=ada)
    [row] = announced.last.arrivals
    assert "params" not in row


def test_the_stored_texts_are_in_the_sites_language(ada, announced):
    with translation.override("de"):
        assert notify.send(InItsLanguage(), to=ada).title == "Archive"


@pytest.mark.parametrize("to", ["one", "a group"])
def test_to_many_and_in_a_transaction(ada, announced, to, django_db_blocker):
    group = Group.objects.create(name="crew")
    group.user_set.set([ada, *people(2)])
    notice = notify.send(SHIPPED, to=ada if to == "one" else group)
    assert notice.params == {"number": "A-7", "items": 2, "day": None}


def test_many_kinds_are_sent_together(ada, announced):
    [bob] = people(1, "bob")
    sent = notify.send_many(
        [
            NewNotice.of(SHIPPED, to=ada),
            NewNotice(to=bob, title="Hello"),
            NewNotice.of(OrderShipped(number="B"), to=bob),
        ]
    )
    stored = [Notice.objects.get(pk=one.pk) for one in sent]
    assert [one.title for one in stored] == ["2 items", "Hello", "1 item"]
    assert [one.params and one.params["number"] for one in stored] == ["A-7", None, "B"]


def test_a_key_recognises_the_fields_and_not_the_texts(ada, announced, monkeypatch):
    first = notify.send(SHIPPED, to=ada, key="k")
    monkeypatch.setattr(OrderShipped, "title", lambda self: "A corrected text")
    assert notify.send(SHIPPED, to=ada, key="k").pk == first.pk
    with pytest.raises(KeyConflict):
        notify.send(OrderShipped(number="A-8"), to=ada, key="k")


@pytest.mark.parametrize(
    ("text", "value", "field"),
    [
        ("title", "", "title"),
        ("title", None, "title"),
        ("title", "x" * 201, "title"),
        ("url", "javascript:alert(1)", "url"),
        ("body", "a\0b", "body"),
        ("actions", [{"label": "", "url": "/"}], "actions"),
        ("data", {"a": object()}, "data"),
        ("title", gettext_lazy("Archive"), "title"),
        ("body", gettext_lazy("Archive"), "body"),
        ("url", reverse_lazy("notify:dashboard"), "url"),
        ("actions", [{"label": gettext_lazy("Archive"), "url": "/"}], "actions"),
        ("data", {"a": [gettext_lazy("Archive")]}, "data"),
        ("about", About("order", gettext_lazy("Archive")), "about"),  # type: ignore[arg-type]
    ],
)
def test_a_text_is_checked_like_that_of_a_send(ada, monkeypatch, text, value, field):
    monkeypatch.setattr(OrderShipped, text, lambda self: value)
    with pytest.raises(InvalidNotice) as refused:
        notify.send(SHIPPED, to=ada)
    assert refused.value.field == field
    assert not Notice.objects.exists()


@pytest.mark.parametrize("wrong", ["Hello", OrderShipped, Kind()])
def test_what_is_no_kind_is_refused(ada, wrong: Any):
    with pytest.raises(InvalidNotice, match="must be a kind with a key"):
        notify.send(wrong, to=ada)


def test_texts_beside_a_kind_are_refused(ada):
    with pytest.raises(TypeError, match="title"):
        notify.send(SHIPPED, to=ada, title="Hello")  # type: ignore[call-overload]


async def test_it_is_sent_from_async_code(announced):
    [ada] = await orm(people, 1)
    notice = await asend(SHIPPED, to=ada)
    await sync_to_async(connections.close_all)()  # those of the thread that sent
    assert notice.params["number"] == "A-7"


def test_a_base_cannot_be_sent(ada):
    assert not Everything.key
