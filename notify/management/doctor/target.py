"""The deployment that is examined: its address, and a user to connect as."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings

from notify import conf
from notify.live.socket_path import socket_path

TIMEOUT_S = 10.0
FOREIGN_HOST = "notify-doctor.invalid"


@dataclass(frozen=True)
class Target:
    """A deployment.

    Args:
        url: the address of its pages.
        cookie: a session cookie of a user.
        send: sends this user a notice, and returns its id.
        idle_s: seconds to leave the socket idle; 0 skips that step.
        ssl_context: None trusts the certificates that the machine trusts.
        plain_port: the port of http://.
    """

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
        """The Host header: with the port, if the URL has one."""
        return urlsplit(self.url).netloc

    def path(self, local_path: str) -> str:
        return path_at(self.url, local_path)

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


def path_at(url: str, local_path: str) -> str:
    """A path of this project below the prefix of the URL: `/app/notify/` for
    `https://example.org/app`, even if FORCE_SCRIPT_NAME is not set for this command."""
    prefix = urlsplit(url).path.rstrip("/")
    return local_path if local_path.startswith(f"{prefix}/") else f"{prefix}{local_path}"


def socket_path_at(url: str) -> str:
    path = socket_path(settings.FORCE_SCRIPT_NAME or "")
    return path if conf.current().socket_path else path_at(url, path)
