"""The wheel's own step: its browser modules go in without their comments."""

from __future__ import annotations

import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = "notify/static/notify"


class Modules(BuildHookInterface):  # type: ignore[type-arg, misc]
    """Found by hatchling, whatever its name."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return  # that serves the checkout
        root = Path(self.root)
        without_comments = runpy.run_path(str(root / "notify/web/comments.py"))["without_comments"]
        self._made = tempfile.TemporaryDirectory()
        for module in (root / STATIC).glob("*.js"):
            lean = Path(self._made.name) / module.name
            lean.write_text(without_comments(module.read_text("utf-8")), "utf-8")
            build_data["force_include"][str(lean)] = f"{STATIC}/{module.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._made.cleanup()
