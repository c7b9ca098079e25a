"""The identity of this deployment."""

from __future__ import annotations

import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q

from notify.models.base import BaseRow


class Deployment(BaseRow):
    """The only row distinguishes this deployment from others on the same channel layer; see
    `sql/database.py`."""

    ONLY = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    identity = models.CharField(max_length=32)

    class Meta(BaseRow.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(id=1), name="notify_one_deployment"),
        ]

    def __str__(self) -> str:
        return self.identity

    @staticmethod
    def new_identity() -> str:
        """32 random hexadecimal digits."""
        return secrets.token_hex(16)
