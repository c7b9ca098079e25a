"""The settings of notify: `NOTIFY_…` in Django's settings, read once, checked and typed.

The rest of the code reads them from `current()`. A wrong value raises `ImproperlyConfigured`,
which names the setting; `manage.py check` reports all wrong ones (checks/settings.py).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver

PREFIX = "NOTIFY_"
MIN_SIMILARITY = 0.8  # of 1, by difflib: one or two letters differ
MAX_DAYS = 365_000  # a thousand years: no row is older, and the calendar still has the date
QUICK_SWEEP_S = 1.0
_ORIGIN = re.compile(r"(https?)://([^\s/?#@:\\\[\]]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?/?")
_PATH = re.compile(r"/[^\s/?#][^\s?#]*")
_SCOPE = re.compile(r"all|(kind|category):.+")
_PORTS = {"http": ":80", "https": ":443"}


def _positive(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError("must be a number above 0")
    return float(value)


def _optional_positive(value: Any) -> float | None:
    return None if value is None else _positive(value)


def _optional_days(value: Any) -> float | None:
    if value is not None and _positive(value) > MAX_DAYS:
        raise ValueError(f"must be at most {MAX_DAYS:,}, or None for no limit")
    return _optional_positive(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be a whole number, 0 or above")
    return value


def _optional_count(value: Any) -> int | None:
    if value is None:
        return None
    if _count(value) == 0:
        raise ValueError("must be above 0, or None for no limit")
    return int(value)


def _at_least_one(value: Any) -> int:
    if _count(value) == 0:
        raise ValueError("must be a whole number, 1 or above")
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a non-empty string")
    return value


def _optional_text(value: Any) -> str | None:
    return None if value is None else _text(value)


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be True or False")
    return value


def _origin(value: Any) -> str:
    """The origin as browsers write it: in lower case, without the default port (RFC 6454, 6.2)."""
    found = _ORIGIN.fullmatch(_text(value).lower())
    if found is None:
        raise ValueError(f"{value!r} must be scheme://host or scheme://host:port")
    scheme, host, port = found.groups()
    return f"{scheme}://{host}{'' if port == _PORTS[scheme] else port or ''}"


def _origins(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError("must be a list of origins such as 'https://example.org'")
    return tuple(_origin(entry) for entry in value)


def _optional_origin(value: Any) -> str | None:
    return None if value is None else _origin(value)


def _optional_path(value: Any) -> str | None:
    if value is None:
        return None
    if not _PATH.fullmatch(_text(value)):
        raise ValueError("must be a path that begins with a slash, such as '/ws/notify/', or None")
    return str(value)


def _optional_defaults(value: Any) -> Mapping[str, Mapping[str, bool]] | None:
    return None if value is None else scoped_defaults(value)


def scoped_defaults(value: Any) -> Mapping[str, Mapping[str, bool]]:
    """By scope, then by channel: whether it is on. Raises ValueError if it is anything else."""
    if not isinstance(value, Mapping):
        raise ValueError("must be a dictionary, such as {'category:news': {'inbox': False}}")
    for scope, channels in value.items():
        if not isinstance(scope, str) or not _SCOPE.fullmatch(scope):
            raise ValueError(
                f"has {scope!r}, which must be 'kind:<key>', 'category:<key>' or 'all'"
            )
        if not isinstance(channels, Mapping) or not all(
            isinstance(name, str) and isinstance(on, bool) for name, on in channels.items()
        ):
            raise ValueError(
                f"must say True or False of channels, as in {{{scope!r}: {{'inbox': False}}}}"
            )
    return value


def _setting(default: Any, check: Callable[[Any], Any]) -> Any:
    return field(default=default, metadata={"check": check})


@dataclass(frozen=True, slots=True)
class Conf:
    """The settings, read at one moment. Times are in seconds."""

    ping_interval: float | None = _setting(20, _optional_positive)
    ping_timeout: float | None = _setting(15, _optional_positive)
    sweep_interval: float = _setting(10, _positive)
    session_check_interval: float = _setting(30, _positive)
    allowed_origins: tuple[str, ...] = _setting((), _origins)
    socket_path: str | None = _setting(None, _optional_path)
    channel_layer: str = _setting("default", _text)
    deployment: str | None = _setting(None, _optional_text)
    publish_timeout: float = _setting(1, _positive)
    batch_size: int = _setting(5000, _at_least_one)
    direct_writes: bool = _setting(True, _switch)
    one_statement: bool = _setting(True, _switch)
    server_workers: int = _setting(1, _count)
    database_threads: int = _setting(4, _at_least_one)
    task_backend: str | None = _setting(None, _optional_text)
    welcome: bool = _setting(True, _switch)
    password_changed: bool = _setting(True, _switch)
    new_device: bool = _setting(True, _switch)
    sockets_per_user: int = _setting(20, _at_least_one)
    sockets_per_process: int | None = _setting(None, _optional_count)
    sockets_per_address: int | None = _setting(None, _optional_count)
    frames_per_second: float = _setting(20, _positive)
    frames_burst: int = _setting(60, _at_least_one)
    max_socket_age: float = _setting(12 * 3600, _positive)
    site_url: str | None = _setting(None, _optional_origin)
    keep_days: float | None = _setting(None, _optional_days)
    reader: str | None = _setting(None, _optional_text)
    defaults: Mapping[str, Mapping[str, bool]] | None = _setting(None, _optional_defaults)
    group_defaults: str | None = _setting(None, _optional_text)
    may_follow: str | None = _setting(None, _optional_text)
    actor_picture: str | None = _setting(None, _optional_text)
    metrics_token: str | None = _setting(None, _optional_text)
    watchdog: bool = _setting(True, _switch)

    @classmethod
    def read(cls) -> Conf:
        """Reads the settings. Raises ImproperlyConfigured at the first wrong one."""
        return cls(**{entry.name: _checked(entry) for entry in fields(cls)})

    @classmethod
    def problems(cls) -> list[tuple[str, str]]:
        """Returns (setting, what is wrong with it) for each wrong setting."""
        found = []
        for entry in fields(cls):
            try:
                _checked(entry)
            except ImproperlyConfigured as error:
                found.append((_name(entry), str(error)))
        return found

    @classmethod
    def misspelled(cls) -> list[tuple[str, str]]:
        """Returns (setting, similar setting of notify) for each unknown NOTIFY_… setting that is
        probably misspelled. Other packages use the prefix too, such as that of GOV.UK Notify."""
        known = [_name(entry) for entry in fields(cls)]
        unknown = sorted({name for name in dir(settings) if name.startswith(PREFIX)} - set(known))
        # Without the prefix, which would make all names similar.
        tails = [name.removeprefix(PREFIX) for name in known]
        return [
            (name, PREFIX + tail)
            for name in unknown
            for tail in get_close_matches(
                name.removeprefix(PREFIX), tails, n=1, cutoff=MIN_SIMILARITY
            )
        ]


def _name(entry: Field[Any]) -> str:
    return PREFIX + entry.name.upper()


def _checked(entry: Field[Any]) -> Any:
    setting = _name(entry)
    try:
        return entry.metadata["check"](getattr(settings, setting, entry.default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{setting} {error}.") from error


@functools.cache
def current() -> Conf:
    """The settings in force, read once and again after a test overrides one."""
    return Conf.read()


def sweep_interval(*, hears_others: bool) -> float:
    """How often a process compares its sockets with the database, in seconds.

    With DEBUG and without a channel layer between processes it does so every second, so that what
    a shell sends appears at once without any setup.
    """
    interval = current().sweep_interval
    return min(interval, QUICK_SWEEP_S) if settings.DEBUG and not hears_others else interval


@receiver(setting_changed)
def _forget(*, setting: str, **kwargs: Any) -> None:
    if setting.startswith(PREFIX):
        current.cache_clear()
