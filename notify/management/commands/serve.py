from __future__ import annotations

from collections.abc import Sequence

from django.core.management.base import BaseCommand

from notify.live.server import ServeCommand


class Command(BaseCommand):
    help = "Serves the project with Daphne: drains on SIGTERM, and bounds what waits."

    def run_from_argv(self, argv: Sequence[str]) -> None:
        """All of Daphne's options, so its own parser reads them."""
        ServeCommand().run(list(argv[2:]))

    def handle(self, *args: str, **options: object) -> None:
        ServeCommand().run(list(args))
