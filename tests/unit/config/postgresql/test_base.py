from __future__ import annotations

import logging

import pytest

from config.postgresql.base import PREPARED_ELSEWHERE, DatabaseWrapper, _NamesThePooler


class DriverError(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("prepared statement does not exist")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "is_named"),
    [*((one, True) for one in sorted(PREPARED_ELSEWHERE)), ("42601", False)],
)
def test_a_statement_prepared_on_another_connection_names_the_pooler(
    caplog: pytest.LogCaptureFixture, sqlstate: str, is_named: bool
) -> None:
    wrapper = DatabaseWrapper({"ENGINE": "config.postgresql", "OPTIONS": {}})
    with caplog.at_level(logging.ERROR), pytest.raises(DriverError), _NamesThePooler(wrapper):
        raise DriverError(sqlstate)
    assert ("set DATABASE_PREPARE=off" in caplog.text) is is_named
