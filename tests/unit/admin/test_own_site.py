"""The pages of the admin on a site of the project's own, alone and beside Django's."""

from __future__ import annotations

import re

import pytest

import notify
from notify.models import ApiToken, Notice, Notification
from tests.unit.admin.helpers import form

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture(params=["own_site_urls", "own_site_beside_urls"])
def office(client, make_user, settings, request):
    """A client that is signed in as a superuser."""
    settings.ROOT_URLCONF = f"tests.unit.admin.{request.param}"
    settings.LOGIN_URL = "/office/login/"
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    return client


def page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_every_page_is_there_and_leads_to_none_of_another_site(office, ada):
    notice = notify.send(to=ada, title="Hello")
    ApiToken.objects.issue(ada, "script", ["inbox"])
    for path in (
        "",
        "notify/",
        "notify/notice/",
        "notify/notice/add/",
        f"notify/notice/{notice.pk}/change/",
        f"notify/notice/{notice.pk}/cancel/",
        f"notify/notice/{notice.pk}/recall/",
        "notify/inbox/",
        f"notify/inbox/{ada.pk}/change/?notice={notice.pk}",
        "notify/apitoken/",
        "notify/apitoken/add/",
    ):
        text = page(office, f"/office/{path}")
        leads = re.findall(r'(?:href|action|data-url|data-ajax--url)="(/[^"]*)"', text)
        assert any(link.startswith("/office/") for link in leads)
        assert [link for link in leads if link.startswith("/admin/")] == []


@pytest.mark.parametrize("office", ["own_site_urls"], indirect=True)
def test_the_dashboard_leads_to_it_where_there_is_no_other(office):
    assert 'href="/office/"' in page(office, "/notify/")


def test_a_notice_is_sent_stopped_and_recalled_there(office, ada):
    answer = office.post("/office/notify/notice/add/", form(users=[ada.pk]))
    notice = Notice.objects.get()
    own_page = f"/office/notify/notice/{notice.pk}/change/"
    assert answer.headers["Location"] == own_page
    assert Notification.objects.get().user == ada
    for verb in ("pause", "resume", "cancel", "recall"):
        answer = office.post(f"/office/notify/notice/{notice.pk}/{verb}/")
        assert answer.headers["Location"] == own_page
    assert Notice.objects.get().recalled is not None


def test_people_are_found_there(office, ada):
    found = office.get("/office/notify/notice/people/", {"term": "ada"}).json()["results"]
    assert [one["id"] for one in found] == [str(ada.pk)]


def test_a_token_is_made_and_sessions_are_ended_there(office, ada):
    said = {"name": "script", "user": ada.pk, "scopes": ["inbox"]}
    made = office.post("/office/notify/apitoken/add/", said).content.decode()
    assert 'href="/office/notify/apitoken/"' in made
    answer = office.post(f"/office/notify/inbox/{ada.pk}/end-sessions/")
    assert answer.headers["Location"] == f"/office/notify/inbox/{ada.pk}/change/"
