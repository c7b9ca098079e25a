"""`manage.py notify_kinds`: the kinds of notices that this site declares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from notify.exceptions import InvalidNotice
from notify.kinds import registry, rendering
from notify.kinds.contract import breaks, contract_of
from notify.kinds.example import example
from notify.models import content


class Command(BaseCommand):
    help = "Lists the kinds of notices, with their categories and fields."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument(
            "--write", metavar="FILE", type=Path, help="write what stored notices rely on"
        )
        what.add_argument(
            "--check",
            metavar="FILE",
            type=Path,
            help="compare with what --write wrote; fail where stored notices would not be rendered",
        )
        what.add_argument(
            "--render", metavar="KEY", help="show a kind in all LANGUAGES, with example fields"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["write"]:
            self._write(options["write"])
        elif options["check"]:
            self._check(options["check"])
        elif options["render"]:
            self._render(options["render"])
        else:
            self._list()

    def _list(self) -> None:
        kinds = registry.all_kinds()
        if not kinds:
            self.stdout.write("No kinds. Declare them in an app's notices.py (docs/kinds.md).")
        for kind in kinds:
            category = rendering.category_key(kind) or "no category"
            self.stdout.write(f"{kind.key} ({category}, {kind.level}): {kind.__module__}")
            for name, field in contract_of([kind])[kind.key].items():
                default = "" if field["required"] else ", has a default"
                self.stdout.write(f"    {name}: {json.dumps(field['type'])}{default}")

    def _write(self, path: Path) -> None:
        contract = contract_of(registry.all_kinds())
        path.write_text(json.dumps(contract, indent=2, sort_keys=True) + "\n")
        self.stdout.write(f"Wrote {len(contract)} kinds to {path}.")

    def _check(self, path: Path) -> None:
        try:
            before = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: {error}. Write it with --write.") from error
        found = breaks(before, contract_of(registry.all_kinds()))
        if found:
            raise CommandError("\n".join([*found, "If that is meant, write the file anew."]))
        self.stdout.write(f"{len(before)} kinds fit what is stored.")

    def _render(self, key: str) -> None:
        kind = registry.get(key)
        if kind is None:
            known = ", ".join(one.key for one in registry.all_kinds()) or "none"
            raise CommandError(f"No kind has the key {key!r}. Known: {known}.")
        for language, name in settings.LANGUAGES:
            try:
                texts = content.check(**rendering.contents(example(kind), language))
            except InvalidNotice as error:
                raise CommandError(f"{language}: {error}") from error
            self.stdout.write(f"{name} ({language})\n    {texts['title']}")
            for line in (texts["body"], texts["url"], *_labels(texts["actions"])):
                if line:
                    self.stdout.write(f"    {line}")


def _labels(actions: list[dict[str, str]]) -> list[str]:
    return [f"[{action['label']}] {action['url']}" for action in actions]
