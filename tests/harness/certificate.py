"""A certificate of `localhost` for two days, for whoever speaks TLS in a test."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


class Certificate:
    """In this directory, where it is signed once: of P-256, or of `kind`, as in `rsa:2048`."""

    def __init__(self, directory: Path, kind: str = "ec") -> None:
        self._kind = kind
        self.path = directory / "certificate.pem"
        self.key = directory / "certificate.key"
        if not self.path.exists():
            self._sign()

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe a server that has it."""
        return ssl.create_default_context(cafile=str(self.path))

    def _sign(self) -> None:
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        curve = ["-pkeyopt", "ec_paramgen_curve:P-256"] if self._kind == "ec" else []
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", self._kind, *curve, "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", names,
             "-keyout", str(self.key), "-out", str(self.path)],
            check=True, capture_output=True,
        )  # fmt: skip
