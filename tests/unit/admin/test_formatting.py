from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.utils.translation import override

import notify
from notify.admin import formatting


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [("en", 1, "1 person"), ("en", 1204, "1,204 people"), ("de", 1204, "1.204 Personen")],
)
def test_people_are_counted_as_the_language_does(language: str, count: int, text: str) -> None:
    with override(language):
        assert formatting.format_people(count) == text


def test_a_sender_is_named_even_when_gone(ada: User, django_user_model: Any, silent: None) -> None:
    eve = django_user_model.objects.create(username="eve")
    by_eve = notify.send(to=ada, title="T", sender=eve)
    assert formatting.sender_name(by_eve) == "eve"
    eve.delete()
    assert formatting.sender_name(by_eve) == "a deleted user"
    assert formatting.sender_name(notify.send(to=ada, title="T")) == "System"


def test_a_notice_has_its_page_in_the_site_that_asks(ada: User, silent: None) -> None:
    notice = notify.send(to=ada, title="T")
    url = formatting.notice_url(admin.site, notice)
    assert url == f"/admin/notify/notice/{notice.pk}/change/"


def test_a_language_is_named_in_the_current_one_and_else_by_its_code():
    with override("de"):
        assert formatting.language_name("en") == "Englisch"
    assert formatting.language_name("tlh") == "tlh"
