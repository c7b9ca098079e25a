"""Both layouts of docs/deployment.md, of the page's own blocks: only paths, ports, names put in.

With SECRET_KEY and database of the tests, so that a test knows users, cookies and the truth.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from pprint import pformat

from django.conf import settings
from django.db import connection

from tests.harness import systemctl
from tests.harness.built import install_built_package, run
from tests.harness.documents import block, put_in
from tests.harness.nginx import Nginx
from tests.harness.process import free_port
from tests.harness.server import ROOT, database_url

PAGE = "docs/deployment.md"
EMBEDDING = "docs/embedding.md"


def written(first: str, here: Mapping[str, object], page: str = PAGE) -> str:
    return put_in(block(page, first), here, page)


class Layout:
    """Paths of one deployment in `directory`. Its units are started by `systemctl.running`."""

    nginx: Nginx
    pages: str  # the unit that answers pages
    python: str | Path = sys.executable
    project: Path = ROOT  # where its manage.py is

    def __init__(self, directory: Path, redis_url: str) -> None:
        self.directory = directory
        self.redis_url = redis_url
        self.first, self.second = free_port(), free_port()
        self.environment = directory / "environment"
        self._path = f"{systemctl.install(directory)}:{systemctl.PATH}"

    @property
    def ports(self) -> list[int]:
        """Of all processes."""
        return [self.first, self.second]

    @property
    def sockets(self) -> list[str]:
        return [f"notify@{self.first}", f"notify@{self.second}"]

    @property
    def units(self) -> list[str]:
        return list(dict.fromkeys([self.pages, *self.sockets]))

    @property
    def killed(self) -> str:
        """Units that did not end in their time."""
        file = self.directory / "killed"
        return file.read_text() if file.exists() else ""

    def upgrade(self, loop: str, **here: object) -> subprocess.CompletedProcess[str]:
        """Runs the page's loop, as root's shell would."""
        text = written(loop, here | {"8001 8002": f"{self.first} {self.second}"})
        return subprocess.run(
            ["/bin/sh", "-c", text],
            env={"PATH": self._path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    def restart(self) -> subprocess.CompletedProcess[str]:
        raise NotImplementedError

    def examine(self, user: str) -> str:
        """What the doctor says of it; fails where that finds anything ill or weak."""
        doctor = [str(self.python), "manage.py", "notify_doctor", "--url", self.nginx.url]
        doctor += ["--http-port", str(self.nginx.plain_port), "--user", user]
        doctor += ["--ca", str(self.nginx.certificate.path)]
        return run(doctor, systemctl.environment_of(self.environment), self.project)


class EverythingOnServe(Layout):
    """`config`, with the files of deploy/."""

    def __init__(self, directory: Path, redis_url: str) -> None:
        super().__init__(directory, redis_url)
        self.pages = self.sockets[0]
        here = {
            "SECRET_KEY='…'": f"SECRET_KEY='{settings.SECRET_KEY}'",
            "notify.example.org": "localhost",
            "postgres://notify:…@127.0.0.1/notify": database_url(),
            "redis://127.0.0.1:6379/0": redis_url,
            "NOTIFY_METRICS_TOKEN='…'": "NOTIFY_METRICS_TOKEN='of-a-test'",
        }
        paths = f"STATIC_ROOT={directory / 'static'}\n"
        self.environment.write_text(written("/etc/notify/environment", here) + paths)
        unit = ROOT / "deploy" / "notify@.service"
        self.paths = {
            "/srv/notify/.venv/bin/python": sys.executable,
            "/srv/notify": ROOT,
            "/etc/notify/environment": self.environment,
        }
        (directory / unit.name).write_text(put_in(unit.read_text(), self.paths, unit))
        self.nginx = Nginx(directory, self.ports)
        manage = [sys.executable, "manage.py", "collectstatic", "--noinput"]
        run(manage, systemctl.environment_of(self.environment), ROOT)

    def restart(self) -> subprocess.CompletedProcess[str]:
        return self.upgrade(
            "Upgrade of everything on serve",
            **{
                ".venv/bin/python": sys.executable,
                "/srv/notify": ROOT,
                "/etc/notify/environment": self.environment,
            },
        )


class Split(Layout):
    """A project of Django's own template, with the built package: pages by gunicorn."""

    pages = "shop"

    def __init__(self, directory: Path, redis_url: str) -> None:
        super().__init__(directory, redis_url)
        self.pages_port = free_port()
        self.site = self.project = directory / "srv"
        self.paths = {"/srv/shop": self.site, "/etc/shop/environment": self.environment}
        self._make_the_site()
        here: dict[str, object] = {
            "/etc/shop/environment": self.environment,
            "SECRET_KEY='…'": f"SECRET_KEY='{settings.SECRET_KEY}'",
            "redis://127.0.0.1:6379/0": redis_url,
        }
        self.environment.write_text(written("/etc/shop/environment", here))
        sockets = written("/etc/systemd/system/notify@.service", self.paths)
        (directory / "notify@.service").write_text(sockets)
        here = {**self.paths, "127.0.0.1:8000": f"127.0.0.1:{self.pages_port}"}
        pages = written("/etc/systemd/system/shop.service", here)
        (directory / "shop.service").write_text(pages)
        self.nginx = NginxOfTheSplit(directory, self.ports)
        manage = [str(self.python), "manage.py", "collectstatic", "--noinput"]
        run(manage, systemctl.environment_of(self.environment), self.site)

    @property
    def ports(self) -> list[int]:
        return [*super().ports, self.pages_port]

    def _make_the_site(self) -> None:
        self.site.mkdir()
        run([sys.executable, "-m", "django", "startproject", "shop", str(self.site)])
        self.python = install_built_package(self.directory, self.site / ".venv")
        gunicorn = self.python.with_name("gunicorn")
        gunicorn.write_text(
            f"#!{self.python}\nfrom gunicorn.app.wsgiapp import run\n\nraise SystemExit(run())\n"
        )
        gunicorn.chmod(0o755)
        project = self.site / "shop"
        with (project / "settings.py").open("a") as file:
            file.write(self._settings())
        for name in ("urls", "asgi"):
            (project / f"{name}.py").write_text(block(EMBEDDING, f"shop/{name}.py"))

    def _settings(self) -> str:
        of_the_tests = connection.settings_dict
        names = ("ENGINE", "NAME", "USER", "PASSWORD", "HOST", "PORT")
        database = {name: of_the_tests[name] for name in names}
        database["ENGINE"] = "django.db.backends.postgresql"
        # What such a site has before it has heard of notify, and what embedding.md adds.
        before = (
            "\nDEBUG = False\n"
            "SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True\n"
            f"DATABASES = {{'default': {pformat(database)}}}\n"
            'INSTALLED_APPS = ["daphne", *INSTALLED_APPS, "ninja", "notify"]\n'
            'MIDDLEWARE = ["notify.web.probes.AnswerProbes", *MIDDLEWARE]\n'
            'ASGI_APPLICATION = "shop.asgi.application"\n'
        )
        here = {
            "/srv/shop/staticfiles": self.site / "staticfiles",
            '"shop.example.org"': '"localhost"',
        }
        return before + written("/srv/shop/shop/settings.py", here)

    def restart(self) -> subprocess.CompletedProcess[str]:
        return self.upgrade("Upgrade of the split", **{str(k): v for k, v in self.paths.items()})


class NginxOfTheSplit(Nginx):
    """The page's file, inside what a distribution's nginx.conf has around it."""

    def _filled_in(self, upstreams: Sequence[int], instead: Mapping[str, str]) -> str:
        first, second, pages = upstreams
        own = {
            "127.0.0.1:8001": f"127.0.0.1:{first}",
            "127.0.0.1:8002": f"127.0.0.1:{second}",
            "127.0.0.1:8000": f"127.0.0.1:{pages}",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "/etc/ssl/shop.example.org.pem": self.certificate.path,
            "/etc/ssl/shop.example.org.key": self.certificate.key,
            "shop.example.org;": "localhost;",
            "/srv/shop": self.directory / "srv",
            "/var/log/nginx/shop.log": self.directory / "access.log",
        }
        site = self.directory / "shop.conf"
        site.write_text(put_in(written("/etc/nginx/conf.d/shop.conf", own), instead, site))
        return self._with_directories(
            "worker_processes auto;\n"
            f"pid {self.directory}/nginx.pid;\n"
            f"error_log {self.directory}/error.log;\n"
            "events { worker_connections 4096; }\n"
            "http {\n"
            "    include /etc/nginx/mime.types;\n"
            "    default_type application/octet-stream;\n"
            f"    access_log {self.directory}/other.log;\n"
            f"    include {site};\n"
            "}\n"
        )
