"""A helper process that is told what to do in lines of JSON, and answers each with one."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tests.harness.waiting import deadline


class Remote:
    """The helper as its master sees it: `call("send", n=1)`."""

    def __init__(
        self,
        module: str,
        *,
        env: Mapping[str, str],
        log: Path,
        python: str = sys.executable,
        cwd: Path | None = None,
    ) -> None:
        self.module = module
        self._cwd = cwd
        self._python = python
        self._env = dict(env)
        self._log = log

    def __enter__(self) -> Self:
        with self._log.open("ab") as errors:
            self._process = subprocess.Popen(
                [self._python, "-m", self.module],
                env=self._env,
                cwd=self._cwd,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, command: str, *, seconds: float = 60, **arguments: Any) -> Any:
        """What the helper answers. Raises RuntimeError with its traceback where it failed, and
        TimeoutError after `seconds`."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        line = json.dumps({"command": command, "arguments": arguments}) + "\n"
        stdin.write(line.encode())
        stdin.flush()
        if not select.select([stdout], [], [], deadline(seconds))[0]:
            raise TimeoutError(f"{self.module} did not answer {command!r} in {seconds} s")
        told = json.loads(stdout.readline() or b'{"error": "it ended"}')
        if "error" in told:
            logged = self._log.read_text(errors="replace")
            raise RuntimeError(f"{self.module} {command}: {told['error']}\n{logged}")
        return told["answer"]


def answer(commands: Mapping[str, Callable[..., Any]]) -> None:
    """The helper's side: carries out what it is told until its input ends."""
    for line in sys.stdin:
        told = json.loads(line)
        try:
            reply = {"answer": commands[told["command"]](**told["arguments"])}
        except Exception:  # noqa: BLE001  the master raises it
            reply = {"error": traceback.format_exc()}
        print(json.dumps(reply), flush=True)
