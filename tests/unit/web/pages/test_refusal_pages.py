"""Refusals as pages: in their language, without the database, with the missing permission."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from notify.web.pages.decorators import html_refusals
from notify.web.pages.refusal_pages import refusal_page
from notify.web.refusals import Refusal

pytestmark = pytest.mark.django_db

OPERATIONS = "/notify/operations/"


@pytest.fixture
def page(client, make_user):
    client.force_login(make_user("ada"))
    return client


def away(*_args, **_kwargs):
    raise OperationalError("couldn't get a connection after 10.00 sec")


def test_a_refusal_page_needs_no_database(django_assert_num_queries):
    view = html_refusals(away)
    with django_assert_num_queries(0):
        assert view(RequestFactory().get("/")).status_code == 503
    with django_assert_num_queries(0):
        assert refusal_page(Refusal(429, "rate_limited", "x", retry_after=7)).status_code == 429


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "You need the permission notify.view_operations."),
        ("de", "Du brauchst die Berechtigung notify.view_operations."),
    ],
)
def test_a_403_names_the_missing_permission(page, language, sentence):
    response = page.get(OPERATIONS, headers={"accept-language": language})
    assert response.status_code == 403
    html = response.content.decode()
    assert sentence in html
    assert "Try again" not in html.partition("<main")[2]


def test_a_project_may_have_a_page_of_its_own_for_403(page, settings, tmp_path):
    (tmp_path / "403.html").write_text("Ours: {{ exception }}")
    [engine] = settings.TEMPLATES
    settings.TEMPLATES = [engine | {"DIRS": [tmp_path, *engine["DIRS"]]}]
    response = page.get(OPERATIONS)
    assert response.status_code == 403
    assert response.content.decode() == "Ours: You need the permission notify.view_operations."
