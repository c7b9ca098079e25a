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


def test_people_are_found_by_whoever_may_send(client, staff, ada, make_user):
    make_user("adam", is_active=False)
    make_user("bob", first_name="Adam", last_name="Smith")
    found = client.get(f"{LIST}people/", {"term": "ada"}).json()["results"]
    assert {person["text"] for person in found} == {"ada", "bob"}
    assert {"id": str(ada.pk), "text": "ada"} in found
    assert found_by(client, "smith ADAM") == {"bob"}
    assert found_by(client, "x" * 5000) == set()


def test_an_address_is_found_by_those_only_who_may_see_users(client, staff, make_user):
    make_user("bob", email="bob.secret@example.org")
    assert found_by(client, "bob.secret@example.o") == set()
    allow(staff, "view_user")
    assert found_by(client, "bob.secret@example.o") == {"bob"}


def test_who_is_hidden_in_the_admin_of_users_is_not_found(client, staff, make_user, monkeypatch):
    make_user("bob")
    make_user("bobby")
    users = admin.site._registry[get_user_model()]
    visible = get_user_model().objects.exclude(username="bobby")
    monkeypatch.setattr(users, "get_queryset", lambda request: visible)
    assert found_by(client, "bob") == {"bob"}
    allow(staff, "view_user")
    assert found_by(client, "bob") == {"bob"}
