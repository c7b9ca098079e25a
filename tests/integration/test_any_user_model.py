"""The user model may be any, and its key a number, a UUID, a name or a reference: the cases of
tests/uuid_project run in a project with each. (The other tests do it with Django's own.)"""

from __future__ import annotations

import os
import subprocess

import pytest
from django.db import connection

from tests.harness.server import PYTHON, ROOT, database_url
from tests.harness.waiting import deadline


@pytest.mark.parametrize("model", ["Person", "Nickname", "Member", "Clerk", "MyUser"])
def test_it_works_with_the_user_model(model):
    other = "postgres" if connection.vendor == "sqlite" else "sqlite"
    done = subprocess.run(
        [
            *(PYTHON, "-m", "pytest", "tests/uuid_project/cases.py", "-q", "-m", f"not {other}"),
            *("--ds", "tests.uuid_project.settings", "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        env=os.environ | {"TEST_USER_MODEL": model, "DATABASE_URL": database_url()},
        capture_output=True,
        text=True,
        timeout=deadline(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
