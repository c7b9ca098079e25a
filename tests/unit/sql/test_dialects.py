from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from notify import sql
from notify.protocol.times import rfc3339
from notify.sql import database, postgresql, sqlite
from notify.sql.dialects import dialect


def test_both_dialects_have_the_same_names_and_signatures():
    assert names_of(postgresql) == names_of(sqlite)


def names_of(module):
    return {
        name: inspect.signature(value) if callable(value) else type(value)
        for name, value in vars(module).items()
        if not name.startswith("_")
        and name != "annotations"
        and not inspect.ismodule(value)
        and getattr(value, "__module__", module.__name__) == module.__name__
    }


def test_the_dialect_is_that_of_the_database():
    assert dialect().__name__ == f"notify.sql.{connection.vendor}"


def test_times_have_milliseconds(db):
    assert database.now().microsecond % 1000 == 0
    moment = datetime(2024, 2, 29, 23, 59, 59, 7000, tzinfo=UTC)
    parameter = "%s::timestamptz" if sql.is_postgresql() else "%s"
    found = sql.fetch(f"SELECT {dialect().rfc3339(parameter)}", [sql.moment(moment)])
    assert found == [(rfc3339(moment),)] == [("2024-02-29T23:59:59.007Z",)]


@pytest.mark.parametrize(("seconds", "passed"), [(-60, True), (60, False)])
def test_the_clock_compares_with_a_time_column(django_user_model, db, seconds, passed):
    django_user_model.objects.create(date_joined=timezone.now() + timedelta(seconds=seconds))
    found = sql.fetch(f"SELECT 1 FROM auth_user WHERE date_joined <= {dialect().CLOCK}")  # noqa: S608
    assert bool(found) is passed


@pytest.mark.parametrize(("words", "found"), [("50%", True), ("0_", False), ("ÄRGER", True)])
def test_a_text_contains_words_and_not_patterns(db, words, found):
    text = "%s::text" if sql.is_postgresql() else "%s"
    statement = f"SELECT 1 WHERE {dialect().contains(text)}"
    params = ["50% Ärger", dialect().contains_parameter(words)]
    assert bool(sql.fetch(statement, params)) is found
