from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.utils import timezone

from config import attempts
from config.attempts import LIMIT, PERIOD, TooManyAttempts

pytestmark = pytest.mark.django_db


def test_the_attempt_above_the_limit_is_refused_and_says_how_long() -> None:
    numbers = [attempts.take("password", "ada").number for _ in range(LIMIT)]
    assert numbers == list(range(1, LIMIT + 1))
    with pytest.raises(TooManyAttempts) as refused:
        attempts.take("password", "ada")
    assert PERIOD - timedelta(minutes=1) < refused.value.wait <= PERIOD
    assert attempts.take("password", "bob").number == 1
    assert attempts.take("another kind", "ada").number == 1


def test_a_right_password_does_not_count() -> None:
    for _ in range(LIMIT):
        attempts.take("password", "ada").give_back()
    attempt = attempts.take("password", "ada")
    assert attempt.number == 1
    assert not attempt.is_the_last


def test_the_next_period_counts_from_the_beginning() -> None:
    last = [attempts.take("password", "ada") for _ in range(LIMIT)][-1]
    assert last.is_the_last
    AccessAttempt.objects.update(attempt_time=timezone.now() - PERIOD)
    assert attempts.take("password", "ada").number == 1
    last.give_back()  # of the period before
    assert attempts.take("password", "ada").number == 2


def test_a_wait_can_be_ended_for_one_or_for_all() -> None:
    attempts.take("password", "ada")
    attempts.take("password", "bob")
    assert attempts.forget("password", "ada") == 1
    assert attempts.take("password", "ada").number == 1
    assert attempts.forget_all() == 2


def test_no_name_is_stored_and_expired_rows_go() -> None:
    attempts.take("password", "ada")
    AccessAttempt.objects.update(attempt_time=timezone.now() - 2 * PERIOD)
    attempts.take("password", "bob")
    [row] = AccessAttempt.objects.all()
    assert "bob" not in row.username
