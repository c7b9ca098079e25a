"""What is known of people as readers."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from notify.models.base import BaseRow


class Reader(BaseRow):
    """The language and the zone of one person, once one of them is known; empty if it is not.

    `language` is what they have chosen. `shown_…` is what a page of theirs was in last, which is
    told to clients that name none, such as programs.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notify_reader"
    )
    language = models.CharField(max_length=35, blank=True)
    shown_language = models.CharField(max_length=35, blank=True, editable=False)
    shown_zone = models.CharField(max_length=100, blank=True, editable=False)

    class Meta(BaseRow.Meta):
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.language or self.shown_language or '?'}"
