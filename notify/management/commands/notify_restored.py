"""`manage.py notify_restored`: to be run after every restore of the database."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from notify.inbox import outgoing, upkeep
from notify.sql import database


class Command(BaseCommand):
    help = (
        "Makes all clients reload their inboxes, and ends what waits to be sent by e-mail and "
        "other channels: some of it may have gone since the backup. Run it whenever the database "
        "has lost commits (after a restore or a failover), and in every copy of the database."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        database.renew_deployment()
        self.stdout.write(f"Renewed the epoch of {upkeep.renew_all_epochs()} inboxes.")
        if ended := outgoing.end_all():
            self.stdout.write(
                f"{ended} notifications that waited to be sent by a channel aren't sent any more."
            )
