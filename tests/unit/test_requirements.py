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


def test_each_pin_of_a_peer_has_hashes() -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / "requirements/hq.txt").read_text())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert pins("requirements/hq.txt")["django-notifications-hq"] == "1.8.3"


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_pin_has_hashes_and_the_version_that_is_tested(extra: str) -> None:
    entries = re.split(r"\n(?=\S)", (ROOT / f"requirements/{extra}.txt").read_text())
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    tested = pins("constraints.txt")
    pinned = pins(f"requirements/{extra}.txt")
    assert pinned.keys() == {canonicalize_name(entry.partition("==")[0]) for entry in entries}
    assert {name: pinned[name] for name in pinned.keys() & tested.keys()} == {
        name: tested[name] for name in pinned.keys() & tested.keys()
    }


def test_the_queue_in_the_database_starts_with_the_pinned_django_on_any_python() -> None:
    """Django 6 has django.tasks; before it, config/settings.py takes the package."""
    for extra in EXTRAS:
        if pins(f"requirements/{extra}.txt")["django"] < "6":
            text = (ROOT / f"requirements/{extra}.txt").read_text()
            [marker] = re.findall(r"^django-tasks==[\d.]+(.*)", text, re.MULTILINE)
            assert "python" not in marker.replace("platform_python_implementation", "")


def test_the_build_backend_is_pinned_where_nothing_else_pins_it() -> None:
    assert PROJECT["build-system"]["requires"] == [
        f"hatchling=={pins('constraints.txt')['hatchling']}"
    ]


def set_up(path: str) -> str:
    """What the file says of setting up this repository, one command a line."""
    text = (ROOT / path).read_text().replace("\\\n", " ")
    if path == "docs/deployment.md":  # before it: projects of others, which embed notify
        return text.partition("\n## Everything on `serve`")[2].replace("`", "\n")
    return text


@pytest.mark.parametrize("path", ["tools/install", "deploy/Dockerfile", "docs/deployment.md"])
def test_set_up_installs_nothing_that_has_no_hash(path: str) -> None:
    installs = r"(?:pip install(?! -q \"\$@\")|^ +install) ([^&\n]+)"
    commands = re.findall(installs, set_up(path), re.MULTILINE)
    assert len(commands) >= 2
    for options in map(set, map(str.split, commands)):
        assert "--require-hashes" in options or {"--no-deps", "--no-build-isolation"} <= options
