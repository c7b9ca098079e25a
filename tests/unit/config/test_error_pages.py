"""The deployment's pages for errors: each says what happened, and leads home."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory
from django.utils import translation
from django.views.defaults import server_error

from tests.unit.admin.helpers import text_of

HOME = 'href="/notify/"'


@pytest.mark.django_db
def test_an_unknown_page(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "Page not found" in text_of(response)
    assert HOME in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/notify/operations/", "/admin/notify/notice/add/"])
def test_a_forbidden_page(client, make_user, path):
    client.force_login(make_user("clerk", is_staff=True))
    response = client.get(path)
    assert response.status_code == 403
    assert "You don't have access to this page" in text_of(response)
    assert HOME in response.content.decode()


@pytest.mark.django_db
def test_a_form_without_its_token():
    response = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert response.status_code == 403
    assert "This page has expired" in text_of(response)
    assert HOME in response.content.decode()


def test_a_failure_of_the_server_is_told_without_the_database():
    with translation.override("en"):  # no middleware chooses it here
        response = server_error(RequestFactory().get("/"))
    assert response.status_code == 500
    assert "Something went wrong" in text_of(response)
    assert HOME in response.content.decode()


@pytest.mark.django_db
def test_signing_out_is_confirmed(client, make_user):
    client.force_login(make_user("ada"))
    page = text_of(client.post("/accounts/logout/", follow=True))
    assert "You're signed out." in page
    assert "Sign in to continue." in text_of(client.get("/notify/", follow=True))
