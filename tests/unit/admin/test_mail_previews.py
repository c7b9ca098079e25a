"""What the mails of a kind look like, with example fields."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import gettext as _

import notify
from notify.admin.mail_previews import Preview, mailed_kinds, previews
from notify.kinds import registry


class Ada:
    pk = 7
    email = "ada@example.org"


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.NOTIFY_SITE_URL = "https://shop.example"
    monkeypatch.setattr(registry, "_kinds", {})
    orders = notify.Category("orders", "Orders", channels=[notify.Email()])

    class Archived(notify.Kind):
        key = "shop.archived"
        category = orders

        number: str

        def title(self) -> str:
            return f"{_('Archive')} {self.number}"

    class Broken(notify.Kind):
        key = "shop.broken"
        category = orders

        def title(self) -> str:
            raise ZeroDivisionError("no number")

    class Alarm(Archived):
        key = "shop.alarm"
        required = ("email",)

    class Silent(notify.Kind):
        key = "shop.silent"

    class Bulk(notify.Email):
        key = "bulk"

    class Offer(notify.Kind):
        key = "shop.offer"
        channels = [Bulk()]

        def title(self) -> str:
            return "An offer"


def of(key: str) -> list[Preview]:
    kind = registry.get(key)
    assert kind is not None
    return previews(kind, Ada())


def test_kinds_that_are_mailed_have_one(db: None) -> None:
    mailed = [kind.key for kind in mailed_kinds()]
    assert mailed == ["shop.alarm", "shop.archived", "shop.broken", "shop.offer"]
    assert of("shop.offer")[0].subject == "An offer"


def test_it_is_in_every_language_and_has_both_parts(db: None) -> None:
    english, german = of("shop.archived")
    assert (english.name, english.subject) == ("English", "Archive number")
    assert (german.name, german.subject) == ("Deutsch", "Archivieren number")
    assert "E-Mails zu Orders abbestellen" in german.text
    assert "An dich gesendet" in german.text
    assert '<html lang="de">' in german.html
    assert "Archivieren number" in german.html


def test_what_fails_says_why(db: None, settings: Any) -> None:
    assert {one.error for one in of("shop.broken")} == {"ZeroDivisionError: no number"}
    settings.NOTIFY_SITE_URL = None
    [english, _german] = of("shop.archived")
    assert "Set NOTIFY_SITE_URL" in english.error


def test_it_has_a_link_to_unsubscribe_only_where_the_real_mail_has_one(db: None) -> None:
    link = "/notify/unsubscribe/"
    assert all(link in one.text and link in one.html for one in of("shop.archived"))
    assert not any(link in one.text or link in one.html for one in of("shop.alarm"))


def test_no_link_in_it_acts_for_who_looks_at_it(db: None, client: Client) -> None:
    for one in of("shop.archived"):
        links = re.findall(r"/notify/unsubscribe/[^\s\"]+", f"{one.text} {one.html}")
        assert [client.get(link).status_code for link in links] == [404, 404]
        assert "?notify-read=0" in one.text  # there is no such notice
