from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import (
    Environment,
    database,
    json_object,
    number,
    one_of,
    or_none,
    switch,
    text,
    url,
    whole_number,
    words,
)


def test_a_variable_that_is_not_set_has_its_default():
    assert Environment({}).read("DEBUG", switch, default=True) is True


@pytest.mark.parametrize(
    ("reader", "given", "read"),
    [
        (text, "$ecret", "$ecret"),
        (switch, "On", True),
        (switch, "0", False),
        (whole_number, "20", 20),
        (number, "0.5", 0.5),
        (words, "a, b,", ["a", "b"]),
        (words, "", []),
        (json_object, '{"all": {"inbox": false}}', {"all": {"inbox": False}}),
        (one_of("pubsub", "core"), "core", "core"),
        (or_none(number), "none", None),
        (or_none(number), "", None),
        (or_none(number), "3", 3),
        (url(["redis"]), "redis://localhost/1", "redis://localhost/1"),
    ],
)
def test_a_right_value_is_read(reader, given, read):
    assert Environment({"NAME": given}).read("NAME", reader, default="other") == read


@pytest.mark.parametrize(
    ("reader", "given"),
    [
        (text, ""),
        (switch, "ture"),
        (whole_number, "2O"),
        (whole_number, "1.5"),
        (number, "10s"),
        (number, "nan"),
        (number, "inf"),
        (one_of("pubsub", "core"), "streams"),
        (url(["redis"]), "localhost:6379"),
        (database, "mysql://localhost/notify"),
        (database, "notify.sqlite3"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_the_variable(reader, given):
    with pytest.raises(ImproperlyConfigured, match="variable NAME: must"):
        Environment({"NAME": given}).read("NAME", reader, default=None)


def test_an_error_does_not_show_the_value_which_may_be_a_secret():
    with pytest.raises(ImproperlyConfigured) as caught:
        Environment({"DATABASE_URL": "mysql://u:hunter2@h/n"}).require(
            "DATABASE_URL", database, why=""
        )

    assert "hunter2" not in str(caught.value)


def test_a_required_variable_that_is_not_set_says_why_it_is_needed():
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY: sessions are signed with it"):
        Environment({}).require("SECRET_KEY", text, why="sessions are signed with it")


def test_a_required_variable_with_a_wrong_value_is_an_error_too():
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY: must not be empty"):
        Environment({"SECRET_KEY": ""}).require("SECRET_KEY", text, why="sessions need it")


def test_only_variables_that_are_set_are_present():
    env = Environment({"NOTIFY_WELCOME": "off"})

    assert env.present({"NOTIFY_WELCOME": switch, "NOTIFY_NEW_DEVICE": switch}) == {
        "NOTIFY_WELCOME": False
    }


def test_a_database_url_becomes_an_entry_of_databases():
    entry = database("postgres://ada:secret@db:5433/notify")

    assert (entry["ENGINE"], entry["HOST"], entry["PORT"]) == (
        "django.db.backends.postgresql",
        "db",
        5433,
    )
