"""A deployment with its variables set has nothing to be warned of, and a wrong one says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PRODUCTION = {
    "SECRET_KEY": "Yw2vJ8nQm4tR7xLc5bKd9sHf3gZp6aEu1oVi0yTqWjNlXrMhCkBz",
    "ALLOWED_HOSTS": "notify.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://notify.example.org",
    "BEHIND_PROXY": "on",
    "HSTS_SUBDOMAINS": "on",
    "HSTS_PRELOAD": "on",
    "DATABASE_URL": "postgres://notify@127.0.0.1:1/notify",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}


def check_deploy(**variables: str) -> subprocess.CompletedProcess[str]:
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "INFO"],
        env=path | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_variables_leave_nothing_to_warn_of():
    checked = check_deploy(**PRODUCTION)

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


@pytest.mark.parametrize("layer", ["pubsub", "core"])
def test_both_redis_layers_pass(layer):
    checked = check_deploy(**PRODUCTION, REDIS_LAYER=layer)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_it_does_not_start_without_a_secret_key():
    variables = {name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"}

    checked = check_deploy(**variables)

    assert checked.returncode == 1
    assert "Set the environment variable SECRET_KEY" in checked.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DEBUG", "ture"),
        ("HSTS_SECONDS", "a year"),
        ("DATABASE_URL", "mysql://127.0.0.1/notify"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_LAYER", "streams"),
        ("NOTIFY_PING_INTERVAL", "2O"),
        ("NOTIFY_PING_INTERVAL", "-1"),
        ("NOTIFY_WELCOME", "maybe"),
        ("NOTIFY_ALLOWED_ORIGINS", "example.org"),
        ("NOTIFY_TASK_BACKEND", "carrier-pigeon"),
    ],
)
def test_a_wrong_value_stops_it_and_names_the_variable(name, value):
    checked = check_deploy(**{**PRODUCTION, name: value})

    assert checked.returncode == 1
    assert name in checked.stderr
