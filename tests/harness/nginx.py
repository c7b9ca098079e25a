"""nginx with the file that a deployment uses: only ports, paths and names are put in."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.harness.certificate import Certificate
from tests.harness.documents import put_in
from tests.harness.process import Process, free_port, listens
from tests.harness.server import ROOT, SERVE

PATHS = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
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
        self.directory = directory
        self.port = free_port()
        self.plain_port = free_port()
        self.certificate = Certificate(directory)
        self.configuration = directory / "nginx.conf"
        self.configuration.write_text(self._filled_in(upstreams, instead or {}))
        super().__init__(_command(self.configuration), log=directory / "nginx.out")

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

    @property
    def error_log(self) -> str:
        return (self.directory / "error.log").read_text()

    def trust(self) -> ssl.SSLContext:
        """What a client needs to believe this nginx."""
        return self.certificate.trust()

    def ready(self) -> bool:
        return listens(self.port)

    @property
    def workers(self) -> list[int]:
        """Those that end with their sockets, after a reload, too."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def reload(self) -> None:
        """As after a change of the file: new workers, while the old end with their sockets."""
        subprocess.run([*self.command[:5], "-s", "reload"], check=True, capture_output=True)

    def _filled_in(self, upstreams: Sequence[int], instead: Mapping[str, str]) -> str:
        text = put_in(CONFIGURATION.read_text(), instead, CONFIGURATION)
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
        return self._with_directories(put_in(text, own, CONFIGURATION))

    def _with_directories(self, text: str) -> str:
        return text.replace("http {", f"http {{ {_directories(self.directory)}", 1)


class Front(Process):
    """A small nginx without TLS; `locations` are of its one server, whose upstreams are ports."""

    def __init__(self, directory: Path, locations: str, upstreams: Mapping[str, int]) -> None:
        self.port = free_port()
        named = (
            f"upstream {name} {{ server 127.0.0.1:{port}; }}" for name, port in upstreams.items()
        )
        configuration = directory / "front.conf"
        configuration.write_text(f"""
            {"user root;" if os.geteuid() == 0 else ""}  # the directory is nobody else's
            pid {directory}/front.pid;
            error_log {directory}/front.err;
            events {{}}
            http {{
                {_directories(directory)}
                include /etc/nginx/mime.types;
                access_log off;
                {" ".join(named)}
                server {{ listen 127.0.0.1:{self.port}; {locations} }}
            }}
        """)
        super().__init__(_command(configuration), log=directory / "front.out")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ready(self) -> bool:
        return listens(self.port)


def _command(configuration: Path) -> list[str]:
    program = shutil.which("nginx", path=PATHS)
    assert program, "nginx is not installed; `make test` installs it"
    errors = configuration.with_suffix(".err")
    return [program, "-c", str(configuration), "-e", str(errors), "-g", "daemon off;"]


def _directories(directory: Path) -> str:
    """Those that nginx was built with are root's."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    if os.geteuid() == 0:
        return ""
    return " ".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
