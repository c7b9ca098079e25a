"""Our pages, and that of unsubscribing with choices in memory."""

from __future__ import annotations

from typing import Any

from django.urls import include, path

from notify.outbox.unsubscribe import Subscription
from notify.urls import pages, urlpatterns
from notify.web.pages import unsubscribing


class ChoicesInMemory:
    def __init__(self) -> None:
        self.off: set[Subscription] = set()
        self.acts: list[str] = []

    def address(self, user: Any, channel: str) -> str | None:
        return user.email or None

    def is_on(self, subscription: Subscription) -> bool:
        return subscription not in self.off

    def turn_off(self, subscription: Subscription) -> None:
        self.acts.append("off")
        self.off.add(subscription)

    def turn_on(self, subscription: Subscription) -> None:
        self.acts.append("on")
        self.off.discard(subscription)


choices = ChoicesInMemory()
ours = [
    *pages,
    path("notify/unsubscribe/<str:token>/", unsubscribing.view(choices), name="unsubscribe"),
]
urlpatterns = [path("", include((ours, "notify"))), *urlpatterns[1:]]
