"""The first page of an inbox, for pages that have it in their HTML."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext

from notify.changes import Reading
from notify.inbox import reading
from notify.models import Level
from notify.web import limits

MAX_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Query:
    """What of the inbox is asked for; what nobody can mean counts as not asked."""

    tab: str = "all"
    category: str = ""
    level: str = ""
    q: str = ""

    @classmethod
    def parse(cls, said: QueryDict) -> Query:
        tab, level = said.get("tab", "all"), said.get("level", "")
        return cls(
            tab=tab if tab in reading.TABS else "all",
            category=_text(said.get("category", "")),
            level=level if level in Level.values else "",
            q=_text(said.get("q", "")),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.category or self.level or self.q)

    def with_(self, **changes: str) -> str:
        """The same query with these changes, as a query string."""
        said = QueryDict(mutable=True)
        for name, value in (asdict(self) | changes).items():
            if value and (name, value) != ("tab", "all"):
                said[name] = value
        return f"?{said.urlencode()}" if said else "?"


def first_page(request: HttpRequest) -> dict[str, Any]:
    """For the template: the query, the rows, and what the script starts from."""
    at_home = request.path == reverse("notify:dashboard")
    user, query = str(request.user.pk), Query.parse(request.GET) if at_home else Query()
    before = request.GET.get("before", "") if at_home else ""
    older_than = int(before) if before.isdecimal() and len(before) < 16 else None
    page = _page(user, query, older_than)
    is_start = query == Query() and older_than is None
    return {
        "heading": "h1" if at_home else "h2",
        "query": query,
        "page": page,
        "unread_text": gettext("{count} unread").format(count=page.unread)
        if page and page.unread
        else "",
        "rows": [_row(row) for row in page.rows] if page else [],
        "seed": _seed(page) if page and is_start else None,
        "tabs": [(tab, query.with_(tab=tab)) for tab in reading.TABS],
        "levels": Level.choices,
        "categories": _categories(user, query),
        "next": query.with_(before=str(page.next)) if page and page.next else None,
        "here": request.get_full_path(),
        "cleared": Query(tab=query.tab).with_(),
    }


def _page(user: str, query: Query, before: int | None) -> Reading | None:
    wanted: dict[str, Any] = {field.name: getattr(query, field.name) for field in fields(query)}
    wanted |= {name: wanted[name] or None for name in ("category", "level")}
    return limits.page(user, **wanted, before=before, limit=reading.RESET_ROWS)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"created": datetime.fromisoformat(row["created"])}


def _seed(page: Reading) -> dict[str, Any]:
    return {
        "epoch": page.epoch,
        "version": page.version,
        "unseen": page.unseen,
        "unread": page.unread,
        "notifications": page.rows,
        "next": page.next,
    }


def _categories(user: str, query: Query) -> list[str]:
    return sorted({*reading.categories(user), query.category} - {""})


def _text(value: str) -> str:
    return "" if "\0" in value else value[:MAX_SEARCH]
