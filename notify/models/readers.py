"""What is known of people as readers, and what they want to be told."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notify.models.base import BaseRow


class Reader(BaseRow):
    """The language and the zone of one person, once one of them is known; empty if it is not.

    `language` and `zone` are what they have chosen. `shown_…` is what a page of theirs was in last,
    which is told to clients that name none, such as programs. In their quiet hours, from
    `quiet_start` to `quiet_end` by the clock on their wall, only what is critical is to leave the
    browser; both are None where there are none.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="notify_reader"
    )
    language = models.CharField(max_length=35, blank=True)
    zone = models.CharField(max_length=100, blank=True, default="", db_default="")
    shown_language = models.CharField(max_length=35, blank=True, editable=False)
    shown_zone = models.CharField(max_length=100, blank=True, editable=False)
    quiet_start = models.TimeField(null=True, blank=True)
    quiet_end = models.TimeField(null=True, blank=True)

    class Meta(BaseRow.Meta):
        default_permissions: ClassVar = ()

    def __str__(self) -> str:
        return f"{self.user_id}: {self.language or self.shown_language or '?'}"


class Preference(BaseRow):
    """Whether one person wants what is in a scope, on a channel. There is no row for what they have
    not said: then `notify.readers.deciding` asks the others who may say."""

    class Before(models.TextChoices):
        ON = "on"
        UNSAID = "unsaid"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="notify_preferences",
        db_index=False,
    )
    scope = models.CharField(max_length=120)  # "kind:<key>", "category:<key>" or "all"
    channel = models.CharField(max_length=20, default="inbox")
    value = models.BooleanField()
    # How often, where a channel goes out of the browser: empty is at once (outbox/rhythms.py).
    rhythm = models.CharField(max_length=8, blank=True, default="", db_default="")
    changed = models.DateTimeField(default=timezone.now, editable=False)
    # Of what a link in a message has turned off: what an undo brings back.
    before = models.CharField(
        max_length=6, choices=Before, blank=True, default="", db_default="", editable=False
    )

    class Meta(BaseRow.Meta):
        verbose_name = _("preference")
        verbose_name_plural = _("preferences")
        default_permissions: ClassVar = ()
        permissions: ClassVar = [("change_preferences", "Can change what others are notified of")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "scope", "channel"], name="notify_preference_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.scope} on {self.channel}: {self.value}"


class Mute(BaseRow):
    """Something that one person wants to hear nothing of, on any channel."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_mutes", db_index=False
    )
    # "thing:<type>:<id>", "actor:<key>", "topic:<name>" or "category:<key>"
    target = models.CharField(max_length=320)
    until = models.DateTimeField(null=True, blank=True)  # None: for ever
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(BaseRow.Meta):
        verbose_name = _("mute")
        verbose_name_plural = _("mutes")
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "target"], name="notify_mute_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.target} until {self.until or 'for ever'}"


class Subscription(BaseRow):
    """A topic that one person follows. A topic is a name, and exists as long as it is followed."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_subscriptions"
    )
    topic = models.CharField(max_length=200)
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(BaseRow.Meta):
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        default_permissions: ClassVar = ()
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["topic", "user"], name="notify_subscription_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.topic}"
