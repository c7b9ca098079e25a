"""The built package in an environment of its own, as a foreign project has it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.harness.server import ROOT


def install_built_package(directory: Path, venv: Path) -> Path:
    """Builds the wheel in `directory`, and makes `venv` with it; returns the path of its python.

    What it depends on is where the tests have it; the checkout is not on that path.
    """
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels = directory / "wheels"
    run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(ROOT)])
    run([sys.executable, "-m", "venv", "--without-pip", str(venv)])
    site = next((venv / "lib").glob("python*/site-packages"))
    [wheel] = wheels.glob("*.whl")
    run([*pip, "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)])
    others = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "others.pth").write_text(f"{others}\n")
    return venv / "bin" / "python"


def run(command: list[str], env: Mapping[str, str] | None = None, cwd: Path = Path("/")) -> str:
    """What it prints; fails with that where its exit code is not 0."""
    done = subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout
