from __future__ import annotations

import pytest
from django.db import OperationalError

import notify
from notify.admin import story_search
from notify.admin.story_search import StorySearch
from notify.web import limits
from tests.unit.admin.helpers import INBOXES, allow, inbox_page, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_a_notice_is_found_by_its_title(client, inbox_staff, ada, make_user):
    stops = notify.send(to=ada, title="Elevator 3 stops")
    runs = notify.send(to=ada, title="Elevator 3 runs again")
    elsewhere = notify.send(to=make_user("bob"), title="Elevator 4 stops")

    def found(asked):
        search = client.get(inbox_page(ada), {"notice": asked}).context["search"]
        return search.notices, search.story is not None

    assert found("elevator 3 ST") == ([stops], True)
    assert found("Elevator 3") == ([runs, stops], False)
    assert found("elevator 4") == ([], False)
    assert found(str(elsewhere.pk)) == ([elsewhere], True)
    unseen = client.get(inbox_page(ada), {"notice": elsewhere.pk}).content.decode()
    assert "Elevator 4 stops" not in unseen
    assert "Elevator 3 stops" in client.get(inbox_page(ada), {"notice": stops.pk}).content.decode()
    allow(inbox_staff, "view_notice")
    assert found("stops") == ([stops, elsewhere], False)


@pytest.mark.parametrize("asked", ["0", "x", "9" * 40, "9" * 5000, "-1"])
def test_an_unknown_notice_is_reported_as_such(client, inbox_staff, ada, asked):
    assert "No notice matches." in text_of(client.get(inbox_page(ada), {"notice": asked}))


def test_titles_are_offered_while_one_is_typed(client, inbox_staff, ada, make_user):
    for title in ("Elevator 3 stops", "Elevator 3 runs", "Elevator 3 stops"):
        notify.send(to=ada, title=title)
    notify.send(to=make_user("bob"), title="Elevator 4 stops")

    def offered(typed):
        return client.get(f"{INBOXES}{ada.pk}/titles/", {"notice": typed}).json()["titles"]

    assert offered("elev") == ["Elevator 3 stops", "Elevator 3 runs"]
    assert offered("4") == offered("") == offered("\0") == []
    allow(inbox_staff, "view_notice")
    assert offered("Elevator 4") == []


def test_titles_are_of_the_rows_that_changed_last(client, inbox_staff, ada, monkeypatch):
    monkeypatch.setattr(story_search, "SEARCHED_ROWS", 2)
    for n in range(3):
        notify.send(to=ada, title=f"Elevator {n}")
    answer = client.get(f"{INBOXES}{ada.pk}/titles/", {"notice": "elev"})
    assert answer.json() == {"titles": ["Elevator 2", "Elevator 1"]}


def test_titles_are_limited_as_searches_are(client, inbox_staff, ada, monkeypatch):
    asked = {"path": f"{INBOXES}{ada.pk}/titles/", "data": {"notice": "x"}}
    slot = limits.searches.slot
    with slot(str(inbox_staff.pk)), slot(str(inbox_staff.pk)):
        answer = client.get(**asked)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert client.get(**asked).status_code == 200

    def slow(search):
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(StorySearch, "titles", property(slow))
    assert client.get(**asked).status_code == 503


def test_titles_are_for_those_who_may_see_inboxes(client, make_user, ada):
    client.force_login(allow(make_user("clerk", is_staff=True), "view_notice"))
    assert client.get(f"{INBOXES}{ada.pk}/titles/", {"notice": "x"}).status_code == 403
