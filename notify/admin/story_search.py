"""Which notice the page of a user is asked about: by a part of its title, or by its id. While a
title is typed, those that match are offered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from notify.admin.delivery_history import DeliveryHistory, delivery_history
from notify.admin.formatting import MAX_DIGITS
from notify.models import Notice, Notification
from notify.models.permissions import SEND, VIEW_NOTICE, has_permission

FOUND = 10  # notices that are offered
SEARCHED_ROWS = 5000  # of an inbox, while a title is typed
MAX_TERM = 200  # characters: those of a title


@dataclass(eq=False)
class StorySearch:
    request: HttpRequest
    user: Any

    @cached_property
    def asked(self) -> str:
        return self.request.GET.get("notice", "").strip()

    @cached_property
    def notices(self) -> list[Notice]:
        """The notice with this id; otherwise the newest of this inbox whose titles contain the
        text. Those that did not reach the inbox follow, for staff who may see all notices."""
        if self.asked.isdecimal() and len(self.asked) <= MAX_DIGITS:
            by_id = list(Notice.objects.filter(pk=int(self.asked)))
            if by_id:
                return by_id
        titled, of_user = self._titled, self._received.values("notice")
        found = list(titled.filter(pk__in=of_user)[:FOUND])
        if len(found) < FOUND and self._may_see_all:
            found += titled.exclude(pk__in=of_user)[: FOUND - len(found)]
        return found

    @property
    def titles(self) -> list[str]:
        """Those that are offered: of the newest notices found among the rows of this inbox that
        changed last, each once."""
        # Ids, not a subquery, which may be read after the title of every notice.
        changed = self._received.order_by("-version").values_list("notice", flat=True)
        found = self._titled.filter(pk__in=list(changed[:SEARCHED_ROWS]))
        return list(dict.fromkeys(found.values_list("title", flat=True)[:FOUND]))

    @property
    def _titled(self) -> QuerySet[Notice]:
        if not 0 < len(self.asked) <= MAX_TERM or "\0" in self.asked:
            return Notice.objects.none()
        return Notice.objects.filter(title__icontains=self.asked).order_by("-pk")

    @cached_property
    def story(self) -> DeliveryHistory | None:
        """That of the only notice found."""
        if len(self.notices) != 1:
            return None
        return delivery_history(self.user, self.notices[0])

    @cached_property
    def title(self) -> str:
        """Of the only notice found; empty if this inbox never had it and staff may not see it."""
        [notice] = self.notices
        shown = self._may_see_all or self._received.filter(notice=notice).exists()
        return notice.title if shown else ""

    @property
    def _received(self) -> QuerySet[Notification]:
        return Notification.objects.filter(user=self.user.pk)

    @property
    def _may_see_all(self) -> bool:
        return any(has_permission(self.request.user, one) for one in (SEND, VIEW_NOTICE))
