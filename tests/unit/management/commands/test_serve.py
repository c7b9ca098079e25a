from __future__ import annotations

from typing import Any

import pytest

from notify.management.commands import serve
from notify.serve.cli import ServeCommand


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of the servers that would have been started."""
    found: list[list[str]] = []
    monkeypatch.setattr(ServeCommand, "run", lambda _, arguments: found.append(arguments))
    return found


def test_arguments_are_those_of_daphne_but_for_djangos(told: list[list[str]]) -> None:
    words = ["manage.py", "serve", "-p", "8001", "--settings", "a.settings", "--pythonpath=."]
    serve.Command().run_from_argv([*words, "--proxy-headers"])
    assert told == [["-p", "8001", "--proxy-headers"]]


def test_where_it_cannot_run_it_names_what_can(
    told: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(name: str) -> Any:
        return None

    monkeypatch.setattr(serve, "find_spec", nothing)
    with pytest.raises(SystemExit, match=r"runs on Unix only\. On Windows run `runserver`"):
        serve.Command().handle("-p", "8001")
    assert told == []
