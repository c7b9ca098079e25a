"""nginx with the file that a deployment uses: only ports, paths and names are put in."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.harness.certificate import Certificate
from tests.harness.process import Process, free_port, listens
from tests.harness.server import ROOT, SERVE

CONFIGURATION = ROOT / "deploy" / "nginx.conf"
# What a process behind this proxy needs.
BEHIND_NGINX = {"HTTPS": "on", "BEHIND_PROXY": "on"}
SERVE_BEHIND_NGINX = (*SERVE, "--proxy-headers")


class Nginx(Process):
    """Listens with TLS on `port`, before servers on `upstreams` (two ports of 127.0.0.1).

    `instead` replaces what the file says, to see what another configuration would do.
    """

    def __init__(
        self, directory: Path, upstreams: Sequence[int], instead: Mapping[str, str] | None = None
    ) -> None:
        program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        assert program, "nginx is not installed; `make test` installs it"
        self.directory = directory
        self.port = free_port()
        self.plain_port = free_port()
        self.certificate = Certificate(directory)
        self.configuration = directory / "nginx.conf"
        self.configuration.write_text(self._filled_in(upstreams, instead or {}))
        command = [program, "-c", str(self.configuration), "-e", str(directory / "nginx.err")]
        super().__init__([*command, "-g", "daemon off;"], log=directory / "nginx.out")

    @property
    def url(self) -> str:
        """Also the origin of its pages."""
        return f"https://localhost:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"wss://localhost:{self.port}/ws/notify/"

    @property
    def access_log(self) -> str:
        return (self.directory / "access.log").read_text()

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe this nginx."""
        return self.certificate.trust()

    def ready(self) -> bool:
        return listens(self.port)

    def reload(self) -> None:
        """As after a change of the file: new workers, while the old end with their sockets."""
        subprocess.run([*self.command[:5], "-s", "reload"], check=True, capture_output=True)

    def _filled_in(self, upstreams: Sequence[int], instead: Mapping[str, str]) -> str:
        text = _replaced(CONFIGURATION.read_text(), instead)
        first, second = upstreams
        own = {
            "pid /run/nginx.pid": f"pid {self.directory}/nginx.pid",
            "/var/log/nginx/error.log": f"{self.directory}/error.log",
            "/var/log/nginx/access.log": f"{self.directory}/access.log",
            "127.0.0.1:8001": f"127.0.0.1:{first}",
            "127.0.0.1:8002": f"127.0.0.1:{second}",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "/etc/ssl/notify.example.org.pem": str(self.certificate.path),
            "/etc/ssl/notify.example.org.key": str(self.certificate.key),
            "notify.example.org;": "localhost;",
        }
        text = _replaced(text, own)
        if os.geteuid() != 0:  # the directories that nginx was built with are root's
            kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            lines = [f"{kind}_temp_path {self.directory}/{kind};" for kind in kinds]
            text = text.replace("http {", "\n".join(["http {", *lines]), 1)
        return text


def _replaced(text: str, replacements: Mapping[str, str]) -> str:
    for written, here in replacements.items():
        assert written in text, f"deploy/nginx.conf has no {written!r} any more"
        text = text.replace(written, here)
    return text
