"""The panel of notices above the index of admin sites."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.sites import AdminSite
from django.db import connection, transaction
from django.http import HttpResponse
from django.template import engines
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone

import notify
from notify import sending, sql
from notify.admin import desk, register
from notify.models import Notice
from tests.unit.admin.helpers import allow, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

INDEX = "/admin/"
PANEL = 'class="notify-desk'


@pytest.fixture
def viewer(client, make_user):
    """Signed in; may view notices, and nothing else."""
    user = allow(make_user("viewer", is_staff=True), "view_notice")
    client.force_login(user)
    return user


class OwnTemplate(AdminSite):
    """Has a template of its own for its index, and says something else in it."""

    def index(self, request, extra_context=None):
        answer = super().index(request, {"greeting": "Good morning", **(extra_context or {})})
        answer.template_name = engines["django"].from_string(
            "{% extends 'admin/index.html' %}{% block content %}{{ greeting }}{{ block.super }}"
            "{% endblock %}"
        )
        return answer


class OwnAnswer(AdminSite):
    def index(self, request, extra_context=None):
        return HttpResponse("Closed today")


class Bare(AdminSite):
    def index(self, request, extra_context=None):
        answer = super().index(request, extra_context)
        answer.template_name = engines["django"].from_string("{{ title }}, and no block")
        return answer


def sites():
    for kind in (OwnTemplate, OwnAnswer, Bare):
        site = kind(name=kind.__name__.lower())
        register(site)
        yield path(f"{site.name}/", site.urls)


urlpatterns = [*sites()]


def test_those_who_may_see_notices_see_what_was_sent(client, viewer, ada):
    notify.send(to=ada, title="Elevator 3 stops", sender=ada)
    shown = text_of(client.get(INDEX))
    assert "Last sent Elevator 3 stops ada" in shown
    assert "0 delivered, 0 seen, 0 read of 1" in shown
    assert shown.index("Last sent") < shown.index("Recent actions")


def test_those_who_may_not_see_notices_get_the_index_as_it_was_without_a_query(
    client, make_user, ada
):
    notify.send(to=ada, title="Elevator 3 stops")
    client.force_login(allow(make_user("clerk", is_staff=True), "view_user"))
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(INDEX)
    assert PANEL not in answer.content.decode()
    assert answer.template_name == "admin/index.html"
    assert [query["sql"] for query in seen if "notify_" in query["sql"]] == []


def test_the_panel_takes_few_queries_however_much_there_is(client, viewer, ada, make_user):
    for n in range(8):
        notify.send(to=[ada, make_user(f"user {n}")], title=f"Notice {n}", sender=ada)
    with CaptureQueriesContext(connection) as seen:
        client.get(INDEX)
    assert len([query for query in seen if "notify_" in query["sql"]]) <= 6


def test_an_error_of_the_database_leaves_the_rest_of_the_index(client, viewer, monkeypatch, caplog):
    monkeypatch.setattr(desk, "groups", lambda: sql.fetch("SELECT 1 FROM no_such_table"))
    with transaction.atomic():  # as with ATOMIC_REQUESTS: what follows in it must work, too
        shown = text_of(client.get(INDEX))
    assert "Couldn't load these notices." in shown
    assert "Recent actions" in shown
    assert "no_such_table" in caplog.text


@pytest.mark.postgres
def test_its_statements_end_within_two_seconds(client, viewer, monkeypatch):
    limit = []
    monkeypatch.setattr(desk, "groups", lambda: limit.extend(sql.fetch("SHOW statement_timeout")))
    client.get(INDEX)
    assert limit == [("2s",)]


def test_where_all_was_recalled_it_does_not_say_that_nothing_was_sent(client, viewer, ada):
    sending.recall(notify.send(to=ada, title="Elevator 3 stops"))
    assert "Nothing to show." in text_of(client.get(INDEX))


def test_all_that_is_sent_or_paused_is_one_link_away(client, viewer, ada):
    later = timezone.now() + timedelta(days=1)
    for n in range(6):
        sending.pause(notify.send(to=ada, title=f"Notice {n}", send_at=later))
    link = "/admin/notify/notice/?status=unfinished"
    assert f'href="{link}"' in client.get(INDEX).content.decode()
    assert len(client.get(link).context["cl"].result_list) == 6


def test_only_those_who_may_send_can_pause_from_it(client, viewer, queued_notice):
    address = f"/admin/notify/notice/{queued_notice.pk}/pause/"
    assert address not in client.get(INDEX).content.decode()
    allow(viewer, "send_notice")
    assert address in client.get(INDEX).content.decode()


def test_after_a_pause_from_it_the_index_is_shown_again(client, viewer, queued_notice):
    allow(viewer, "send_notice")
    own = f"/admin/notify/notice/{queued_notice.pk}"
    answer = client.post(f"{own}/pause/", {"_from_index": "1"})
    assert answer.headers["Location"] == INDEX
    assert Notice.objects.get().status == Notice.Status.PAUSED
    shown = client.get(INDEX).content.decode()
    assert f"{own}/resume/" in shown
    assert client.post(f"{own}/resume/", {"_from_index": "1"}).headers["Location"] == INDEX
    assert client.post(f"{own}/pause/").headers["Location"] == f"{own}/change/"


def test_who_is_online_is_asked_only_for_those_who_may_watch_it(client, viewer):
    assert "<notify-online" not in client.get(INDEX).content.decode()
    allow(viewer, "view_operations")
    shown = client.get(INDEX).content.decode()
    assert "<notify-online" in shown
    assert 'href="/notify/operations/"' in shown


@pytest.fixture
def boss(client, make_user, settings):
    settings.ROOT_URLCONF = __name__  # without the pages of notify
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))


def test_a_site_with_a_template_of_its_own_has_it_too(client, boss, ada):
    notify.send(to=ada, title="Elevator 3 stops")
    shown = client.get("/owntemplate/").content.decode()
    assert shown.index(PANEL) < shown.index("Good morning")
    assert "Elevator 3 stops" in shown
    assert 'href="/owntemplate/notify/notice/"' in shown


def test_an_index_without_a_place_for_it_stays_as_it_is(client, boss):
    assert client.get("/ownanswer/").content == b"Closed today"
    assert "and no block" in text_of(client.get("/bare/"))
