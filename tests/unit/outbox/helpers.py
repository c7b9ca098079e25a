"""What a message is made of, for tests."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from notify.changes import Locale, Row
from notify.outbox.channel import Outgoing

ADA = SimpleNamespace(pk=7, email="ada@example.org", username="ada")
ENGLISH = Locale("en", "UTC")
GERMAN = Locale("de", "Europe/Berlin")


def row(**changed: Any) -> Row:
    return {
        "id": 1,
        "kind": "",
        "category": "orders",
        "level": "info",
        "title": "Order A-7 is on its way",
        "body": "It is one parcel.",
        "url": "/orders/A-7/",
        "actor": None,
        "actions": [],
        "data": {},
        "created": "2026-12-02T09:21:57.000Z",
        **changed,
    }


def outgoing(*rows: Row, **changed: Any) -> Outgoing:
    made: dict[str, Any] = {
        "id": "5b1f",
        "channel": "email",
        "user": ADA,
        "address": ADA.email,
        "locale": ENGLISH,
        "rows": rows or (row(),),
    }
    return Outgoing(**made | changed)
