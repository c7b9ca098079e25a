"""`manage.py notify_export ada > ada.json`: all that notify keeps about one person."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from notify.inbox import personal
from notify.management.people import person


class Command(BaseCommand):
    help = "Writes all that notify keeps about a user, over all tables, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        found = personal.export(str(person(options["username"]).pk))
        self.stdout.write(json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
