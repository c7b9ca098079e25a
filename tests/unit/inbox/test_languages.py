"""What a kind says in languages that are unlike English."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import notify
from notify.changes import Locale, Row, TypedRow
from notify.inbox import renderings
from notify.kinds import Kind, fields
from notify.templatetags.notify import notify_plain
from tests.unit.kinds import examples
from tests.unit.kinds.examples import Bill, Parcels

HEBREW, ARABIC = "דנה", "ليلى"
FIRST, LAST = "\u2068", "\u2069"
ADA = f"{FIRST}Ada{LAST}"
BILL = Bill(amount=Decimal("1234567.5"), due=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))


@pytest.fixture(autouse=True)
def languages(settings) -> None:
    settings.LOCALE_PATHS = [Path(examples.__file__).parent / "locale", *settings.LOCALE_PATHS]
    settings.LANGUAGES = [(code, code) for code in ("en", "de", "pl", "ar")]
    renderings._texts.cache_clear()


def shown(kind: Kind, language: str, zone: str = "UTC") -> Row:
    row = {"id": 1, "kind": kind.key, "title": "as sent"}
    params = json.dumps(fields.params_of(kind))
    return renderings.shown(TypedRow(row, params), Locale(language, zone))


@pytest.mark.parametrize(
    ("language", "n", "title"),
    [
        ("pl", 1, f"{ADA} wysyła paczkę"),
        ("pl", 3, f"{ADA} wysyła 3 paczki"),
        ("pl", 5, f"{ADA} wysyła 5 paczek"),
        ("pl", 12, f"{ADA} wysyła 12 paczek"),
        ("pl", 22, f"{ADA} wysyła 22 paczki"),
        ("ar", 0, f"لم يرسل {ADA} أي طرد"),
        ("ar", 1, f"أرسل {ADA} طردًا واحدًا"),
        ("ar", 2, f"أرسل {ADA} طردين"),
        ("ar", 7, f"أرسل {ADA} 7 طرود"),
        ("ar", 11, f"أرسل {ADA} 11 طردًا"),
        ("ar", 100, f"أرسل {ADA} 100 طرد"),
        ("ar", 103, f"أرسل {ADA} 103 طرود"),
    ],
)
def test_each_plural_of_polish_and_arabic_is_its_own(language: str, n: int, title: str) -> None:
    assert shown(Parcels(sender="Ada", n=n), language)["title"] == title


@pytest.mark.parametrize(
    ("language", "name", "title"),
    [
        ("en", HEBREW, f"{FIRST}{HEBREW}{LAST} sent 2 parcels"),
        ("en", ARABIC, f"{FIRST}{ARABIC}{LAST} sent 2 parcels"),
        ("ar", "Ada", f"أرسل {FIRST}Ada{LAST} طردين"),
    ],
)
def test_a_name_keeps_its_direction_in_a_text_of_the_other(
    language: str, name: str, title: str
) -> None:
    said = shown(Parcels(sender=name, n=2), language)["title"]
    assert said == title
    assert notify_plain(said) == title  # what a page writes


@pytest.mark.parametrize(
    ("language", "zone", "said"),
    [
        ("en", "UTC", ("1,234,567.5", "March 1, 2026, 11:30 p.m.", "/en/bills/")),
        ("de", "Europe/Berlin", ("1.234.567,5", "2. März 2026 00:30", "/de/bills/")),
        ("pl", "Europe/Warsaw", ("1 234 567,5", "2 marca 2026 00:30", "/pl/bills/")),
        ("ar", "Africa/Cairo", ("1234567,5", "مارس 2, 2026, 1:30 ص", "/ar/bills/")),
    ],
)
def test_numbers_times_and_links_are_those_of_the_reader(
    language: str, zone: str, said: tuple[str, ...]
) -> None:
    row = shown(BILL, language, zone)
    assert (row["title"].replace("\xa0", " "), row["body"], row["url"]) == said


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silent")
def test_two_people_of_one_language_and_two_zones_read_two_times(make_user: Any) -> None:
    people = {make_user("ada"): "Asia/Kathmandu", make_user("bob"): "America/Lima"}
    notify.send(BILL, to=list(people))
    bodies = []
    for user, zone in people.items():
        client = Client()
        client.force_login(user)
        asked = {"language": "de", "zone": zone}
        [row] = client.get("/api/notify/inbox/", asked).json()["notifications"]
        bodies.append(row["body"])
        client.cookies["notify_zone"] = zone
        page = client.get("/notify/", headers={"Accept-Language": "de"}).content.decode()
        assert row["body"] in page
    assert bodies == ["2. März 2026 05:15", "1. März 2026 18:30"]
