"""Set-up installs what `make constraints` has looked at: requirements/ has the version of each
package, and its hashes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = ["deploy", "dev", "bench"]


def pins(path: str) -> dict[str, str]:
    """Name and version of each package in the file."""
    found = re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / path).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def asked_for(extra: str) -> Iterator[Requirement]:
    """By pyproject.toml for an extra, with the extras that it names."""
    project = PROJECT["project"]
    for line in project["optional-dependencies"][extra]:
        requirement = Requirement(line)
        if requirement.name != project["name"]:
            yield requirement
        for named in requirement.extras if requirement.name == project["name"] else ():
            yield from asked_for(named)


@pytest.mark.parametrize("extra", EXTRAS)
def test_what_the_project_needs_is_pinned(extra: str) -> None:
    pinned = pins(f"requirements/{extra}.txt")
    groups = PROJECT["dependency-groups"]
    needed = [*asked_for(extra), *map(Requirement, PROJECT["project"]["dependencies"])]
    for requirement in [*needed, *map(Requirement, groups["build"])]:
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is not in requirements/{extra}.txt; make constraints"
        assert requirement.specifier.contains(version), requirement


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_pin_has_hashes_and_the_version_that_is_tested(extra: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / f"requirements/{extra}.txt").read_text())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    tested = pins("constraints.txt")
    pinned = pins(f"requirements/{extra}.txt")
    assert len(pinned) == len(entries)
    assert {name: pinned[name] for name in pinned.keys() & tested.keys()} == {
        name: tested[name] for name in pinned.keys() & tested.keys()
    }


def test_the_build_backend_is_pinned_where_nothing_else_pins_it() -> None:
    assert PROJECT["build-system"]["requires"] == [
        f"hatchling=={pins('constraints.txt')['hatchling']}"
    ]


@pytest.mark.parametrize("path", ["Makefile", "deploy/Dockerfile"])
def test_set_up_installs_nothing_that_has_no_hash(path: str) -> None:
    text = (ROOT / path).read_text().replace("\\\n", " ")
    commands = re.findall(r"(?:pip install(?! -q$)|\$\(INSTALL\)) ([^&\n]+)", text, re.MULTILINE)
    assert len(commands) >= 2
    for options in map(set, map(str.split, commands)):
        assert "--require-hashes" in options or {"--no-deps", "--no-build-isolation"} <= options
