"""Where the demo's mails land: a directory of files, which a page lists.

Django's own file backend joins the messages of a connection in one file.
"""

from __future__ import annotations

import email
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage as DjangoMessage
from django.core.mail.backends.base import BaseEmailBackend

SHOWN = 50


class Backend(BaseEmailBackend):
    """Writes each message to a file of its own."""

    def send_messages(self, email_messages: Sequence[DjangoMessage]) -> int:
        directory().mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            path = directory() / f"{time.time_ns()}.eml"
            path.with_suffix(".new").write_bytes(message.message().as_bytes())
            path.with_suffix(".new").rename(path)
        return len(email_messages)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as its reader has it, with `name` for the address of its page."""

    name: str
    parsed: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"] or "")

    @property
    def to(self) -> str:
        return str(self.parsed["To"] or "")

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in self.parsed.items()]

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: str) -> str:
        part: Any = self.parsed.get_body((kind,))
        return "" if part is None else str(part.get_content())


def directory() -> Path:
    return Path(settings.DEMO_MAILBOX)


def mails() -> list[Mail]:
    """The newest first."""
    files = sorted(directory().glob("*.eml"), key=lambda path: path.stem, reverse=True)
    return [_read(path) for path in files[:SHOWN]]


def mail(name: int) -> Mail | None:
    path = directory() / f"{name}.eml"
    return _read(path) if path.exists() else None


def _read(path: Path) -> Mail:
    parsed = email.message_from_bytes(path.read_bytes(), policy=default)
    return Mail(path.stem, parsed)
