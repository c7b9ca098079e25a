"""Keys of users: an integer, a UUID or a text, whatever the project's user model has."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connections

from notify import sql
from notify.models import content


def key_field() -> Any:
    """The field that holds a user's key; of a model that extends another, the parent's."""
    field: Any = get_user_model()._meta.pk
    while field.remote_field is not None:
        field = field.target_field
    return field


def key_type() -> str:
    """The column type of a reference to a user.

    `varchar` comes without its length, because a cast would cut off what is too long.
    """
    return _key_type(get_user_model(), sql.alias())


@cache
def _key_type(model: Any, alias: str) -> str:
    kind = str(model._meta.pk.rel_db_type(connections[alias]))
    return "varchar" if kind.startswith("varchar(") else kind


def user_table() -> tuple[str, str]:
    """The table of users and its key column, both quoted."""
    return _user_table(get_user_model(), sql.alias())


@cache
def _user_table(model: Any, alias: str) -> tuple[str, str]:
    quote = connections[alias].ops.quote_name
    return quote(model._meta.db_table), quote(str(model._meta.pk.column))


def to_key(value: Any) -> Any:
    """Converts a value to the key of a user.

    The field's own validators do not run: they are for new users, and must not fail for one who
    exists.

    Raises:
        ValidationError: if the column cannot hold such a key.
    """
    if value is None or isinstance(value, bool | bytes | float):
        raise ValidationError("not a key")
    field, ops = key_field(), sql.connection().ops
    key = field.to_python(value)
    if isinstance(key, int):
        kind = field.get_internal_type()
        known = kind if kind in ops.integer_field_ranges else "BigIntegerField"
        low, high = ops.integer_field_range(known)
        if not low <= key <= high:
            raise ValidationError("beyond the column")
    elif isinstance(key, str) and not content.is_storable(key):
        raise ValidationError("no text")
    return key


def database_key(key: Any) -> Any:
    """A user's key as the database holds it, in a form that JSON can carry."""
    return database_keys([key])[0]


def database_keys(keys: Iterable[Any]) -> list[Any]:
    """The same for several keys."""
    field, connection = get_user_model()._meta.pk, sql.connection()
    prepared = (field.get_db_prep_value(field.to_python(key), connection) for key in keys)
    return [value if isinstance(value, int) else str(value) for value in prepared]


def public_key(value: Any) -> str:
    """`str(user.pk)` of a key that raw SQL returned."""
    if type(value) is int:
        return str(value)
    return value if type(value) is str and not _is_uuid() else str(key_field().to_python(value))


def _is_uuid() -> bool:
    return str(key_field().get_internal_type()) == "UUIDField"


def has_collation(field: Any) -> bool:
    """Whether the column may treat texts as equal that differ in Python."""
    return bool(getattr(field, "db_collation", None))
