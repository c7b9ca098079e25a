"""The foreign project with the built package, on a database of one's own, and with files that are
blocks of a page: what a reader of the page has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.harness.built import install_built_package
from tests.harness.documents import block
from tests.harness.server import ROOT
from tests.harness.waiting import deadline

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parent
from shop.settings import *
"""


class Shop:
    """A copy of tests/foreign_project in `directory`, with an environment of its own. Its database
    does not exist yet.

    Args:
        settings: The module of its settings: `shop.settings` is on SQLite, `settings_here` on the
            kind of database that the tests run on.
    """

    def __init__(self, directory: Path, *, settings: str = "settings_here") -> None:
        self.directory = directory / "project"
        self.python = install_built_package(directory, directory / "venv")
        shutil.copytree(ROOT / "tests" / "foreign_project", self.directory)
        self.write("settings_here.py", self.settings())
        self.env = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            "PYTHONPATH": str(self.directory),
            "DJANGO_SETTINGS_MODULE": settings,
            "SHOP_DATABASE": str(self.directory / "shop.sqlite3"),
        }
        self.runserver = [*self._module("django"), "runserver", "--noreload", "127.0.0.1:{port}"]

    def _module(self, name: str) -> list[str]:
        return [str(self.python), "-P", "-m", name]

    def settings(self) -> str:
        """The text of `settings_here`."""
        if connection.vendor == "sqlite":
            return SETTINGS + block("docs/testing.md", "shop/settings.py")
        own = {name: connection.settings_dict[name] for name in ("USER", "HOST", "PORT")}
        own |= {"ENGINE": "django.db.backends.postgresql", "NAME": self.database}
        return SETTINGS + f"DATABASES = {{'default': {own!r}}}\n"

    @contextmanager
    def own_database(self) -> Iterator[None]:
        """The one that its processes share, with its tables, until the end of the block."""

        def on_server(statement: str) -> None:
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute(statement)

        on_server(f"CREATE DATABASE {self.database}")
        try:
            self.run("django", "migrate", "--verbosity", "0")
            yield
        finally:
            on_server(f"DROP DATABASE {self.database} WITH (FORCE)")
            (self.directory / "shop.sqlite3").unlink(missing_ok=True)

    @property
    def database(self) -> str:
        """Its name, on PostgreSQL."""
        return f"shop_{os.getpid()}"

    def write(self, name: str, text: str) -> None:
        file = self.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def write_blocks(self, page: str, names: Iterable[str]) -> None:
        """Writes the files that are blocks of the page, as they stand."""
        for name in names:
            self.write(name, block(page, name))

    def run(self, module: str, *arguments: str, stdin: str = "", **variables: str) -> str:
        """What `python -P -m …` says; fails with that where its exit code is not 0. Beside `stdin`
        keyword arguments are environment variables."""
        done = subprocess.run(
            [*self._module(module), *arguments],
            env=self.env | variables,
            cwd=self.directory,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=deadline(120),
            check=False,
        )
        assert done.returncode == 0, f"{module} {arguments}:\n{done.stdout}"
        return done.stdout
