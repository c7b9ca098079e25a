from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from notify import sql
from notify.sql import keys
from notify.sql.dialects import dialect


@pytest.mark.parametrize("value", [7, "7", " 7"])
def test_a_key_has_the_type_of_its_column(db, value):
    assert keys.to_key(value) == 7


@pytest.mark.parametrize("value", [None, True, b"7", 7.0, "seven", 2**63])
def test_a_value_that_the_column_cannot_hold_is_no_key(db, value):
    with pytest.raises(ValidationError):
        keys.to_key(value)


def test_a_key_comes_back_from_the_database_as_it_went_in(db):
    keys_in_array, single_key = dialect().keys_in_array(), dialect().single_key()
    array = sql.json_array(keys.database_keys(["7", 8]))
    found = sql.fetch(f"SELECT * FROM {keys_in_array} AS found", [array])  # noqa: S608  ours
    assert [keys.public_key(key) for (key,) in found] == ["7", "8"]
    found = sql.fetch(f"SELECT * FROM {single_key} AS found", [keys.database_key("7")])  # noqa: S608
    assert found == [(7,)]
