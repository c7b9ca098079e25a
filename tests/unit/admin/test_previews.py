from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

import notify
from notify.admin import previews
from notify.exceptions import InvalidNotice


def test_a_sample_has_the_first_ten_by_username_and_their_full_names(
    make_user: Callable[..., User],
) -> None:
    for n in reversed(range(12)):
        make_user(f"user{n:02}", first_name="Ada" if n == 0 else "")
    count, sample = previews.sample_audience(notify.everyone())
    assert count == 12
    assert sample == ["user00 (Ada)", *(f"user{n:02}" for n in range(1, 10))]
    assert previews.audience_texts(count, sample) == {
        "people": "12 people",
        "sample": sample,
        "others": "2",
    }


def test_nobody_else_is_left_out_of_a_small_audience(ada: User) -> None:
    count, sample = previews.sample_audience(ada)
    assert previews.audience_texts(count, sample)["others"] == ""


def test_a_wrong_recipient_is_refused(db: None) -> None:
    wrong: Any = object()
    with pytest.raises(InvalidNotice):
        previews.sample_audience([wrong])


def test_an_empty_form_is_previewed_as_an_ordinary_notice() -> None:
    row = previews.preview_notice({"title": "T", "level": ""})["row"]
    assert row == {
        "title": "T", "body": "", "level": "info", "category": "", "url": "", "actions": [],
    }  # fmt: skip
