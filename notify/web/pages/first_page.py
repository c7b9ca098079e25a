"""The page of an inbox that is rendered into the HTML."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import (
    get_language,
    get_language_info,
    get_supported_language_variant,
    gettext,
)

from notify.changes import Reading
from notify.inbox import reading
from notify.models import Level
from notify.web.inbox_page import page_json, read_page
from notify.web.pages.zones import locale_of

MAX_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Query:
    """The filters of the inbox. An invalid value counts as missing."""

    tab: str = "all"
    category: str = ""
    level: str = ""
    q: str = ""

    @classmethod
    def parse(cls, params: QueryDict) -> Query:
        tab, level = params.get("tab", "all"), params.get("level", "")
        return cls(
            tab=tab if tab in reading.TABS else "all",
            category=_text(params.get("category", "")),
            level=level if level in Level.values else "",
            q=_text(params.get("q", "")),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.category or self.level or self.q)

    def with_(self, **changes: str) -> str:
        """This query with changes, as a query string."""
        params = QueryDict(mutable=True)
        for name, value in (asdict(self) | changes).items():
            if value and (name, value) != ("tab", "all"):
                params[name] = value
        return f"?{params.urlencode()}" if params else "?"


def first_page(request: HttpRequest) -> dict[str, Any]:
    """The template's context: the query, the rows, and the `seed` that the script starts from."""
    is_dashboard = request.path == reverse("notify:dashboard")
    params = request.GET if is_dashboard else QueryDict()
    user, query, before = str(request.user.pk), Query.parse(params), _before(params)
    page = read_page(
        user, locale_of(request), **asdict(query), before=before, limit=reading.RESET_ROWS
    )
    is_start = query == Query() and before is None
    return {
        "heading": "h1" if is_dashboard else "h2",
        "query": query,
        "page": page,
        "unread_text": _unread_text(page.unread) if page else "",
        "can_archive_read": _can_archive_read(page) if query == Query() else False,
        "rows": [_row(row) for row in page.rows] if page else [],
        "seed": page_json(page) if page and is_start else None,
        "tabs": [(tab, query.with_(tab=tab)) for tab in reading.TABS],
        "levels": Level.choices,
        "categories": _categories(user, query),
        "next": query.with_(before=str(page.next)) if page and page.next else None,
        "here": request.get_full_path(),
        "cleared": Query(tab=query.tab).with_(),
        "searched_in": _searched_in(),
    }


def _before(params: QueryDict) -> int | None:
    value = params.get("before", "")
    return int(value) if value.isdecimal() and len(value) < 16 else None


def _unread_text(unread: int) -> str:
    return gettext("{count} unread").format(count=unread) if unread else ""


def _can_archive_read(page: Reading | None) -> bool:
    """Whether some are read, as far as this page tells."""
    return page is not None and (page.next is not None or any(row["read"] for row in page.rows))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"created": datetime.fromisoformat(row["created"])}


def _categories(user: str, query: Query) -> list[str]:
    return sorted({*reading.categories(user), query.category} - {""})


def _searched_in() -> str:
    """The name of the language in which notices of kinds are searched; empty if it is the page's.
    A search looks at the texts as they were sent."""
    try:
        of_site = get_supported_language_variant(settings.LANGUAGE_CODE)  # en-us is en
        name = str(get_language_info(of_site)["name_translated"])
    except LookupError:  # one of the project's own
        of_site = name = settings.LANGUAGE_CODE
    return "" if get_language() in (of_site, settings.LANGUAGE_CODE, None) else name


def _text(value: str) -> str:
    return "" if "\0" in value else value[:MAX_SEARCH]
