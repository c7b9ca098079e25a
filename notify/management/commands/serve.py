from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Serves the project with Daphne: drains on SIGTERM, bounds queues and request bodies."

    def run_from_argv(self, argv: Sequence[str]) -> None:
        """Leaves the options to Daphne's parser."""
        _run(list(argv[2:]))

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
