from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from notify.admin.content_errors import content_errors

pytestmark = pytest.mark.django_db

RIGHT = {
    "title": "Hello",
    "category": "",
    "url": "/orders/7/",
    "action_1_label": "Open",
    "action_1_url": "/",
    "action_2_label": "",
    "action_2_url": "",
    "send_at": None,
    "expires": None,
}


def fields(**changed):
    return [field for field, _ in content_errors(RIGHT | changed)]


def test_what_can_be_sent_has_no_errors():
    assert fields() == []
    assert fields(expires=timezone.now() + timedelta(hours=1)) == []


def test_all_fields_that_are_wrong_are_named():
    wrong = fields(
        title="\u2060",
        category="\u2060",
        url="javascript:x",
        action_2_label="x",
        expires=timezone.now() - timedelta(seconds=1),
    )
    assert wrong == ["title", "category", "url", "action_2_url", "expires"]


@pytest.mark.parametrize(
    ("label", "url", "wrong"),
    [("", "/", ["action_1_label"]), ("Open", "", ["action_1_url"]), ("", "", [])],
)
def test_a_button_has_a_label_and_a_link_or_neither(label, url, wrong):
    assert fields(action_1_label=label, action_1_url=url) == wrong


@pytest.mark.parametrize("field", ["send_at", "expires"])
def test_a_date_at_the_end_of_the_calendar_is_out_of_range(field):
    [(named, text)] = content_errors(RIGHT | {field: datetime(9999, 12, 31, 23, tzinfo=UTC)})
    assert named == field
    assert "out of range" in text
