"""`manage.py notify_restored`: a step of every restore of the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from notify.inbox import upkeep
from notify.sql import database


class Command(BaseCommand):
    help = (
        "Tells all clients to read their inboxes anew. Run it whenever the database has gone back "
        "in time (after a restore, or a failover that lost commits), and in every copy of it."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        database.renew_deployment()
        self.stdout.write(f"Renewed the epoch of {upkeep.renew_all_epochs()} inboxes.")
