"""Runs a command with real services around it:

    python -m tests.harness.run --postgres -- python -m pytest
    python -m tests.harness.run --postgres --redis -- python -m tests.benchmarks

--postgres starts a PostgreSQL and sets DATABASE_URL, --redis a Redis and REDIS_URL. They end with
the command, whose exit code is returned.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.harness.postgres import DIRECTORY_VARIABLE, Postgres
from tests.harness.redis import RedisServer


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.harness.run")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--redis", action="store_true")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args(arguments)

    env = dict(os.environ)
    with contextlib.ExitStack() as services:
        if options.postgres:
            postgres = services.enter_context(Postgres.temporary())
            env["DATABASE_URL"] = postgres.url("postgres")
            env[DIRECTORY_VARIABLE] = str(postgres.directory)
        if options.redis:
            directory = services.enter_context(tempfile.TemporaryDirectory(prefix="notify-redis-"))
            redis = services.enter_context(RedisServer(Path(directory)))
            env["REDIS_URL"] = redis.url
        # Ctrl-C reaches the command too; it ends in its own way, and then the services do.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _end)
        return subprocess.run(options.command, env=env, check=False).returncode


def _end(*signal_and_frame: object) -> None:
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
