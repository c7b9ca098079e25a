"""What is looked at, and what is found."""

from __future__ import annotations

import enum
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings

from notify import conf
from notify.live.socket_path import socket_path

PATIENCE_S = 10.0
FOREIGN_HOST = "notify-doctor.invalid"


class Level(enum.StrEnum):
    WELL = "well"
    HINT = "hint"  # advice, or not seen
    WEAK = "WEAK"  # works, but an attacker can use it
    ILL = "ILL"  # does not work


class Unwell(Exception):
    """Something is not as it should be; the message says which cure to try."""

    level = Level.ILL


class Weak(Unwell):
    level = Level.WEAK


class Advice(Unwell):
    level = Level.HINT


@dataclass(frozen=True, slots=True)
class Finding:
    hop: str
    said: str
    level: Level = Level.WELL

    @property
    def works(self) -> bool:
        return self.level is not Level.ILL


@dataclass(frozen=True)
class Patient:
    """`url` is that of the pages. `cookie` signs a user in, to whom `send` sends a notice and
    returns its id. `ssl_context` is None for what the machine trusts. `plain_port` is the
    port of http://."""

    url: str
    cookie: str
    send: Callable[[], int]
    idle_s: float = 0.0
    ssl_context: ssl.SSLContext | None = None
    plain_port: int = 80

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        """With its port, where the URL has one: what `Host` says."""
        return urlsplit(self.url).netloc

    def path(self, own: str) -> str:
        return path_at(self.url, own)

    @cached_property
    def socket_path(self) -> str:
        return socket_path_at(self.url)

    @property
    def is_secure(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if self.is_secure else 80)

    @cached_property
    def context(self) -> ssl.SSLContext | None:
        return (self.ssl_context or ssl.create_default_context()) if self.is_secure else None


def path_at(url: str, own: str) -> str:
    """A path of this project as the URL has it: `/app/notify/`, where it is
    `https://example.org/app` and this command is not told of a FORCE_SCRIPT_NAME."""
    prefix = urlsplit(url).path.rstrip("/")
    return own if own.startswith(f"{prefix}/") else f"{prefix}{own}"


def socket_path_at(url: str) -> str:
    path = socket_path(settings.FORCE_SCRIPT_NAME or "")
    return path if conf.current().socket_path else path_at(url, path)
