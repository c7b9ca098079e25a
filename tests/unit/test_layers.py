"""lint-imports holds the directions only of the modules that it is told of."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from pathlib import Path

import notify
import notify.live

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = "notify.migrations"  # Django's, which imports what it needs


def test_every_module_has_its_layer():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (down,) = (contract for contract in settings["contracts"] if contract["id"] == "down")
    listed = {name for layer in down["layers"] for name in re.findall(r"[\w.]+", layer)}

    found = {f"notify.{module.name}" for module in pkgutil.iter_modules(notify.__path__)}
    found |= {f"notify.live.{module.name}" for module in pkgutil.iter_modules(notify.live.__path__)}

    assert found - {"notify.live", MIGRATIONS} == listed - {"config"}
