from __future__ import annotations

from django.conf import settings
from django.db import models


class Notification(models.Model):
    """As django-notifications-hq and countless tutorials have it."""

    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications"
    )
    verb = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.verb
