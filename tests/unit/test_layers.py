"""What import-linter does not check: that its contracts list every module, and that there are no
circles, type-checking imports included."""

from __future__ import annotations

import pkgutil
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import notify
import notify.live

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = "notify.migrations"  # Django's, which imports what it needs
MAX_MODULES_AT_THE_TOP = 12


@pytest.fixture(scope="module")
def imports():
    """By module, what it imports. Without the facade, which imports nothing before it is asked."""
    graph = grimp.build_graph("notify", cache_dir=None)
    modules = sorted(graph.modules - {"notify"})
    return {module: graph.find_modules_directly_imported_by(module) for module in modules}


def contract(name):
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [found] = (one for one in settings["contracts"] if one["id"] == name)
    return found


@pytest.mark.parametrize(("name", "package"), [("down", notify), ("live-down", notify.live)])
def test_every_module_has_its_layer(name, package):
    layers = contract(name)
    [root] = layers.get("containers", ["notify"])
    listed = {name for layer in layers["layers"] for name in re.findall(r"[\w.]+", layer)}
    found = {module.name for module in pkgutil.iter_modules(package.__path__)}
    assert {f"{root}.{name}" for name in found} - {MIGRATIONS} == {
        name if name.startswith("notify.") else f"{root}.{name}" for name in listed - {"config"}
    }


@pytest.mark.parametrize("name", ["down", "live-down"])
def test_no_layer_lets_modules_import_each_other(name):
    assert not any(":" in layer for layer in contract(name)["layers"])


def test_no_modules_import_each_other_in_a_circle(imports):
    assert len(imports) > 100
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle


def test_no_rooms_import_each_other_in_a_circle(imports):
    rooms = {module.rpartition(".")[0] for module in imports}
    for room in rooms:
        inside = {
            child(room, module): {
                child(room, found)
                for other, several in imports.items()
                if child(room, other) == child(room, module)
                for found in several
                if child(room, found)
            }
            - {child(room, module)}
            for module in imports
            if child(room, module)
        }
        TopologicalSorter(inside).prepare()


def child(room, module):
    """The file or folder of this room that the module is in; empty where it is in another."""
    return (
        module.removeprefix(f"{room}.").partition(".")[0] if module.startswith(f"{room}.") else ""
    )


def test_few_modules_are_at_the_top():
    at_the_top = [one.name for one in pkgutil.iter_modules(notify.__path__) if not one.ispkg]
    assert len(at_the_top) <= MAX_MODULES_AT_THE_TOP, at_the_top
