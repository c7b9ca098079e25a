"""The autocomplete of the compose form."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model

from tests.unit.admin.helpers import LIST, allow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def found_by(client, term):
    found = client.get(f"{LIST}people/", {"term": term}).json()["results"]
    return {person["text"] for person in found}


def test_staff_who_may_send_find_users_by_name(client, staff, ada, make_user):
    make_user("adam", is_active=False)
    make_user("bob", first_name="Adam", last_name="Smith")
    found = client.get(f"{LIST}people/", {"term": "ada"}).json()["results"]
    assert {person["text"] for person in found} == {"ada", "bob"}
    assert {"id": str(ada.pk), "text": "ada"} in found
    assert found_by(client, "smith ADAM") == {"bob"}
    assert found_by(client, "x" * 5000) == set()


def test_only_staff_who_may_view_users_search_by_address(client, staff, make_user):
    make_user("bob", email="bob.secret@example.org")
    assert found_by(client, "bob.secret@example.o") == set()
    allow(staff, "view_user")
    assert found_by(client, "bob.secret@example.o") == {"bob"}


def test_users_whom_the_user_admin_hides_are_not_found(client, staff, make_user, monkeypatch):
    make_user("bob")
    make_user("bobby")
    users = admin.site._registry[get_user_model()]
    visible = get_user_model().objects.exclude(username="bobby")
    monkeypatch.setattr(users, "get_queryset", lambda request: visible)
    assert found_by(client, "bob") == {"bob"}
    allow(staff, "view_user")
    assert found_by(client, "bob") == {"bob"}
