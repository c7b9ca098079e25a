"""Every module has its tests where a newcomer looks for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.harness.server import ROOT

UNIT, INTEGRATION = Path("tests/unit"), Path("tests/integration")
JS, IN_A_BROWSER = ROOT / "tests/js", ROOT / "tests/browser"
SCRIPTS, README = ROOT / "browser", ROOT / "tests/README.md"


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


def scripts() -> Iterator[str]:
    """Those that have a function: types and lists of imports are tested where they are used."""
    for path in sorted(SCRIPTS.glob("*/*.js")):
        code = re.sub(r"/\*[\s\S]*?\*/|//.*", "", path.read_text())
        if re.search(r"=>|\bfunction\b|\bclass\b", code):
            yield str(path.relative_to(SCRIPTS))


def browser_tests() -> dict[str, list[str]]:
    """The files of tests/browser by module, as the table of tests/README.md has them."""
    table: dict[str, list[str]] = {}
    for row in re.findall(r"^\| (`\w+/.+) \| (`test_.+) \|$", README.read_text(), re.MULTILINE):
        modules, files = (re.findall("`(.+?)`", cell) for cell in row)
        for module in modules:
            assert module not in table, f"{module} is in the table twice"
            table[module] = files
    return table


def test_every_script_has_its_test_file_or_is_in_the_table_of_those_that_need_a_browser() -> None:
    in_node = {str(path.relative_to(JS)).replace(".test.", ".") for path in JS.glob("*/*.test.js")}
    in_browser = browser_tests()
    assert set(scripts()) - in_node - set(in_browser) == set()
    assert (in_node | set(in_browser)) - set(scripts()) == set()
    assert in_node & set(in_browser) == set()
    files = {file for files in in_browser.values() for file in files}
    assert [file for file in files if not any(IN_A_BROWSER.glob(file))] == []
