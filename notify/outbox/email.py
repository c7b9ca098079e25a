"""E-mail as a channel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.utils.translation import gettext_lazy

from notify.outbox import addresses, email_message, mail_server
from notify.outbox.channel import Channel, Outgoing, Unless

WITH_MAILERS = (6, 1)  # of Django


class Email(Channel):
    """An e-mail, by Django's mail, about what is still unread a while later.

    Args:
        after: How long a notice waits in the inbox before an e-mail goes out.
        unless: What prevents that meanwhile: that it was read, or seen.
        using: Which of MAILERS sends it, from Django 6.1 on; by default the default one.
    """

    key: ClassVar[str] = "email"
    label: ClassVar[Any] = gettext_lazy("E-mail")
    limit: ClassVar[timedelta | None] = None  # mail_server has its own

    def __init__(
        self,
        *,
        after: timedelta = timedelta(minutes=15),
        unless: Unless = "read",
        using: str | None = None,
    ) -> None:
        super().__init__(after=after, unless=unless)
        if using is not None and django.VERSION < WITH_MAILERS:
            raise ImproperlyConfigured(
                f"Email(using={using!r}): MAILERS came with Django 6.1, and this is "
                f"{django.get_version()}. Leave `using` out, and set EMAIL_BACKEND."
            )
        self.using = using

    def address(self, user: Any) -> str | None:
        return addresses.email_of(user)

    def render(self, outgoing: Outgoing) -> EmailMultiAlternatives:
        return email_message.make(outgoing)

    def hand_over(self, message: EmailMultiAlternatives, address: str) -> None:
        message.to = [addresses.deliverable(address)]
        mail_server.hand_over(message, self.using)

    def close(self) -> None:
        mail_server.close_idle()
