"""Every module has its tests where a newcomer looks for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.harness.server import ROOT

UNIT, INTEGRATION = Path("tests/unit"), Path("tests/integration")


def modules() -> Iterator[Path]:
    for package in ("notify", "config"):
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.name != "__init__.py" and "migrations" not in path.parts and _does(path):
                yield path.relative_to(ROOT)


def _does(path: Path) -> bool:
    """Whether a function is in it: names and URL patterns are tested where they are used."""
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return any(isinstance(node, functions) for node in ast.walk(ast.parse(path.read_text())))


def mirrors(module: Path) -> list[Path]:
    """Its unit test. What shows only in a running process has an integration test instead: of the
    module, or of its room."""
    room = module.parent if module.parts[0] == "config" else module.parent.relative_to("notify")
    own = f"test_{module.stem}.py"
    return [UNIT / room / own, INTEGRATION / own, INTEGRATION / f"test_{module.parent.name}.py"]


def test_every_module_has_its_test_file() -> None:
    missing = {
        str(module): str(mirrors(module)[0])
        for module in modules()
        if not any((ROOT / mirror).exists() for mirror in mirrors(module))
    }
    assert not missing
