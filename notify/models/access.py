"""What lets a client in: API tokens, spent tickets, ended sessions, known devices."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notify.models.base import BaseRow, PrimaryManager

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def issue(
        self, user: AbstractBaseUser, name: str, scopes: Iterable[str]
    ) -> tuple[ApiToken, str]:
        """Creates a token; returns it and its plain text, which is shown once and never stored."""
        plain = f"ntf_{secrets.token_urlsafe(32)}"
        token = self.create(
            user_id=user.pk,
            name=name,
            scopes=sorted(scopes),
            prefix=plain[:8],
            token_hash=hash_token(plain),
        )
        return token, plain

    def authenticate(self, plain: str) -> ApiToken | None:
        """The token with this plain text, unless it is revoked or its user is not active."""
        token = (
            self.filter(token_hash=hash_token(plain), revoked__isnull=True)
            .select_related("user")
            .first()
        )
        if token is None or not getattr(token.user, "is_active", True):
            return None
        return token


_TokenManager = PrimaryManager.from_queryset(ApiTokenQuerySet)


def hash_token(plain: str) -> str:
    """A plain digest is enough: tokens carry 256 random bits, which nobody can guess."""
    return hashlib.sha256(plain.encode()).hexdigest()


class ApiToken(BaseRow):
    """Lets a program act for its user, within its scopes."""

    class Scope(models.TextChoices):
        INBOX = "inbox", _("The user's own inbox, by HTTP or socket")
        SEND = "send", _("Send notices")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_tokens")
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("starts with"), max_length=8, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    created = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    revoked = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects: ClassVar = _TokenManager()

    class Meta(BaseRow.Meta):
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class SpentTicket(BaseRow):
    """A ticket that was used. The insert decides which of two uses came first."""

    nonce = models.CharField(max_length=32, primary_key=True)
    spent = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.nonce


class EndedSession(BaseRow):
    """A session that was signed out. Every check of a session reads this table too: Django sends
    its signal before it deletes the session, and a cookie session cannot be deleted."""

    key_hash = models.CharField(max_length=64, primary_key=True)
    ended = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.key_hash


class KnownDevice(BaseRow):
    """A browser with which a user has signed in before."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notify_devices"
    )
    fingerprint = models.CharField(max_length=64)
    first_seen = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)

    class Meta(BaseRow.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "fingerprint"], name="notify_known_device"),
        ]

    def __str__(self) -> str:
        return f"a device of {self.user_id}"
