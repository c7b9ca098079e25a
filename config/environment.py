"""Environment variables, read strictly.

django-environ is lenient: `DEBUG=ture` is off, `NOTIFY_PING_INTERVAL=2O` is 2, and a SECRET_KEY
that begins with `$` is taken for the name of another variable. Here a wrong value is an error
that names its variable, so a deployment stops at its first start instead of running with a
setting that nobody chose. django-environ still parses the URLs of databases.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")

ON = {"on", "true", "yes", "1"}
OFF = {"off", "false", "no", "0"}
REDIS_SCHEMES = ("redis", "rediss", "unix")
DATABASE_SCHEMES = ("sqlite", "postgres", "postgresql")


def text(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return value


def switch(value: str) -> bool:
    word = value.strip().lower()
    if word not in ON | OFF:
        raise ValueError("must be on or off")
    return word in ON


def whole_number(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise ValueError("must be a whole number") from None


def number(value: str) -> float:
    try:
        read = float(value)
    except ValueError:
        read = math.nan
    if not math.isfinite(read):
        raise ValueError("must be a number")
    return read


def json_object(value: str) -> dict[str, Any]:
    try:
        read = json.loads(value)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise ValueError('must be an object in JSON, such as {"all": {"inbox": false}}')
    return read


def words(value: str) -> list[str]:
    """A list whose entries are separated by commas."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read


def or_none(read: Callable[[str], Value]) -> Callable[[str], Value | None]:
    """As `read`, but `none` and the empty string mean None."""
    return lambda value: None if value.strip().lower() in {"", "none"} else read(value)


def url(schemes: Iterable[str]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if urlsplit(value).scheme not in schemes:
            raise ValueError(f"must begin with one of {', '.join(f'{s}://' for s in schemes)}")
        return value

    return read


def database(value: str) -> dict[str, Any]:
    """The entry of DATABASES for a database URL."""
    return dict(environ.Env.db_url_config(url(DATABASE_SCHEMES)(value)))


class Environment:
    """The variables of one process. `source` is `os.environ`, except in tests."""

    def __init__(self, source: Mapping[str, str] = os.environ) -> None:
        self.source = source

    def read(self, name: str, reader: Callable[[str], Value], default: Value) -> Value:
        """Reads an optional variable.

        Args:
            name: The variable.
            reader: Parses its text; raises ValueError if it is wrong.
            default: The result if the variable is not set.

        Raises:
            ImproperlyConfigured: The value is wrong. The message names the variable but not its
                value, which may be a secret.
        """
        return self._parse(name, reader) if name in self.source else default

    def require(self, name: str, reader: Callable[[str], Value], why: str) -> Value:
        """Reads a variable that must be set; `why` is for the message if it is not."""
        if name not in self.source:
            raise ImproperlyConfigured(f"Set the environment variable {name}: {why}.")
        return self._parse(name, reader)

    def present(self, readers: Mapping[str, Callable[[str], Any]]) -> dict[str, Any]:
        """Reads those of the named variables that are set, each with its reader."""
        return {
            name: self._parse(name, reader)
            for name, reader in readers.items()
            if name in self.source
        }

    def _parse(self, name: str, reader: Callable[[str], Value]) -> Value:
        try:
            return reader(self.source[name])
        except ValueError as error:
            raise ImproperlyConfigured(f"Environment variable {name}: {error}.") from None
