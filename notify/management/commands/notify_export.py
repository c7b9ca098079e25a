"""`manage.py notify_export ada > ada.json`: exports all data of a user."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from notify.inbox import personal
from notify.management.arguments import user_named


class Command(BaseCommand):
    help = "Writes everything that notify stores about a user, as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        data = personal.export(str(user_named(options["username"]).pk))
        self.stdout.write(json.dumps(data, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
