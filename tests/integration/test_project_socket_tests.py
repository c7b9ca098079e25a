"""A project's own tests of its sockets leave nothing behind that the end of its test database
trips over."""

from __future__ import annotations

import subprocess

import pytest

from tests.harness.server import PYTHON, ROOT, environment
from tests.harness.waiting import deadline

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.mark.parametrize("pool", ["0", "8"])
def test_they_end_with_exit_code_0(pool: str) -> None:
    done = subprocess.run(
        [PYTHON, "manage.py", "test", "--noinput", "tests.integration.project_socket_tests"],
        cwd=ROOT,
        env=environment(DATABASE_POOL=pool, ALLOWED_HOSTS="localhost", REDIS_URL=""),
        capture_output=True,
        text=True,
        timeout=deadline(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ran 3 tests" in done.stderr
