"""A mail server of the tests' own, in a process of its own (`smtp_sink.py`)."""

from __future__ import annotations

import email
import email.policy
import sys
from email.message import EmailMessage
from pathlib import Path

from tests.harness.certificate import Certificate
from tests.harness.process import Process, free_port, listens


class SmtpServer(Process):
    """Keeps what it has taken in a folder, also over `kill()` and `start()`.

    Args:
        greeting: "hang" or "drip": it does not get as far as a greeting.
        tls: How it speaks TLS, "starttls" or "implicit", with the certificate.
    """

    def __init__(
        self,
        directory: Path,
        *,
        greeting: str = "",
        tls: str = "",
        certificate: Certificate | None = None,
    ) -> None:
        self.port = free_port()
        self.directory = directory / f"taken-{self.port}"
        self.directory.mkdir(exist_ok=True)
        program = [sys.executable, "-m", "tests.harness.smtp_sink"]
        arguments = [str(self.port), str(self.directory), greeting, tls]
        if certificate is not None:
            arguments += [str(certificate.path), str(certificate.key)]
        super().__init__([*program, *arguments], log=directory / f"smtp-{self.port}.log")

    def ready(self) -> bool:
        return listens(self.port)

    @property
    def taken(self) -> list[EmailMessage]:
        """The messages that it has taken, also those that it did not say so of, oldest first.
        `X-Rcpt-To` has the recipient of the envelope, and `X-Connection` numbers connections."""
        files = sorted(self.directory.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
        return [
            email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            for file in files
        ]
