"""Python on Windows has no fork, no Unix signals, no `resource`: notify runs as one process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from tests.conftest import StartServer
from tests.harness.database import orm
from tests.harness.server import PYTHON, ROOT, environment
from tests.harness.waiting import aeventually, deadline
from tests.integration.conftest import client_of

MANAGE = (PYTHON, "-m", "tests.integration.like_windows")
SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "on"}


def manage(database: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MANAGE, *words],
        env=environment(**SETTINGS, DATABASE_URL=f"sqlite:///{database}"),
        cwd=ROOT, capture_output=True, text=True, timeout=deadline(60), check=False,
    )  # fmt: skip


@pytest.mark.one_database
def test_commands_run_and_serve_says_that_it_is_not_for_windows(tmp_path: Path) -> None:
    database = tmp_path / "own.sqlite3"
    for words in (
        ["check"],
        ["migrate", "-v", "0"],
        ["shell", "--no-imports", "-c", "import notify"],
        ["notify_demo"],
        ["notify_send", "--to", "ada", "--title", "Hello"],
        ["notify_prune", "--older-than", "90d"],
        ["notify_work", "--until-idle"],
    ):
        done = manage(database, *words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    done = manage(database, "serve")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "serve` runs on Unix only" in done.stderr


@pytest.mark.django_db(transaction=True)
async def test_runserver_serves_sockets(start_server: StartServer, ada: User) -> None:
    command = (*MANAGE, "runserver", "--noreload", "127.0.0.1:{port}")
    server = start_server(command=command, **SETTINGS, NOTIFY_SWEEP_INTERVAL="0.2")
    async with await orm(client_of, server, ada) as client:
        await client.frame("hello")
        await aeventually(lambda: client.epoch is not None)
    assert "Traceback" not in server.log
