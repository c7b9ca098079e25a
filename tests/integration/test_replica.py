"""Where a router has reads go to a replica, what was just written is read from where it was
written: the cases of tests/replica_project."""

from __future__ import annotations

import os
import subprocess

from tests.harness.server import PYTHON, ROOT, database_url
from tests.harness.waiting import deadline


def test_everything_works_though_the_replica_lags(transactional_db):
    done = subprocess.run(
        [
            *(PYTHON, "-m", "pytest", "tests/replica_project/cases.py", "-q"),
            *("--ds", "tests.replica_project.settings", "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
        timeout=deadline(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
