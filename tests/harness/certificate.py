"""A certificate of `localhost` for two days, for whoever speaks TLS in a test."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path


class Certificate:
    """In this directory, where it is signed once, with a key of ECDSA or of RSA."""

    def __init__(self, directory: Path, *, rsa: bool = False) -> None:
        self.path = directory / "certificate.pem"
        self.key = directory / "certificate.key"
        if not self.path.exists():
            kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
            self._sign(kind)

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe a server that has it."""
        return ssl.create_default_context(cafile=str(self.path))

    def _sign(self, kind: list[str]) -> None:
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", *kind,
             "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names,
             "-keyout", str(self.key), "-out", str(self.path)],
            check=True, capture_output=True,
        )  # fmt: skip
