"""`manage.py serve`: Daphne for production."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Serves the project with Daphne, drains on SIGTERM, and limits queues and connections."

    def run_from_argv(self, argv: Sequence[str]) -> None:
        """Leaves the arguments to Daphne's own parser, but for those that Django has applied."""
        applied = CommandParser(add_help=False, allow_abbrev=False)
        applied.add_argument("--settings")
        applied.add_argument("--pythonpath")
        _, arguments = applied.parse_known_args(list(argv[2:]))
        _run(arguments)

    def handle(self, *args: str, **options: object) -> None:
        _run(list(args))


def _run(arguments: list[str]) -> None:
    if find_spec("resource") is None:
        raise SystemExit(
            "`serve` runs on Unix only. On Windows run `runserver`, or another ASGI server, such "
            "as uvicorn."
        )
    from notify.serve.cli import ServeCommand

    ServeCommand().run(arguments)
