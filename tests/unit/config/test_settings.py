"""The DATABASES that a deployment's environment gives."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from notify.live.hub import CALL_LIMIT_S
from tests.harness.server import PYTHON, ROOT
from tests.harness.waiting import deadline

PRINT = "import json; from config.settings import DATABASES; print(json.dumps(DATABASES))"
NOTICES_SILENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def options_of(url: str) -> dict[str, Any]:
    done = subprocess.run(
        [PYTHON, "-c", PRINT],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": url, "DEBUG": "on"},
        capture_output=True,
        text=True,
        timeout=deadline(20),
        check=True,
    )
    options: dict[str, Any] = json.loads(done.stdout)["default"]["OPTIONS"]
    return options


def test_a_connection_to_postgresql_notices_a_server_that_is_silent() -> None:
    options = options_of("postgres://u@h/n")
    assert options | NOTICES_SILENCE == options


def test_the_url_overrides_them() -> None:
    options = options_of("postgres://u@h/n?connect_timeout=9&keepalives=0")
    assert (options["connect_timeout"], options["keepalives"]) == (9, 0)
    assert options["tcp_user_timeout"] == NOTICES_SILENCE["tcp_user_timeout"]


def test_sqlite_does_not_get_them() -> None:
    assert not NOTICES_SILENCE.keys() & options_of("sqlite:////tmp/db.sqlite3").keys()


def test_a_full_pool_or_a_lock_is_not_mistaken_for_a_hanging_database() -> None:
    assert options_of("postgres://u@h/n")["pool"]["timeout"] < CALL_LIMIT_S
    assert options_of("sqlite:////tmp/db.sqlite3")["timeout"] < CALL_LIMIT_S
