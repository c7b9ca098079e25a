"""A page of an inbox, for the HTML page and for the API: reading it, and its JSON."""

from __future__ import annotations

from typing import Any

from notify import sql
from notify.changes import Locale, Reading
from notify.inbox import reading, renderings
from notify.web import limits

SEARCH_TIMEOUT_S = 5.0  # per statement; PostgreSQL only


def read_page(
    user: str,
    locale: Locale,
    *,
    category: str | None = None,
    level: str | None = None,
    q: str = "",
    **more: Any,
) -> Reading | None:
    """Reads a page; see `reading.page`. With a filter it is a search, whose cost grows with the
    inbox.

    Args:
        locale: In which its texts are.
        category: "" and None mean any; so does `level`.
        more: passed on to `reading.page`.

    Returns:
        None if the user has no inbox yet.

    Raises:
        Refusal: too many searches of this user are running.
        OperationalError: the search takes too long.
    """
    wanted = {"category": category or None, "level": level or None, "q": q, **more}
    if category or level or q:
        with limits.searches.slot(user), sql.statements_end_within(SEARCH_TIMEOUT_S):
            found = reading.page(user, **wanted)
    else:
        found = reading.page(user, **wanted)
    return found and renderings.in_locale(found, locale)


def page_json(page: Reading) -> dict[str, Any]:
    """The page as `GET inbox/` answers it, and as the page's script starts from it."""
    return {
        "epoch": page.epoch,
        "version": page.version,
        "unseen": page.unseen,
        "unread": page.unread,
        "badge": page.badge,
        "notifications": page.rows,
        "next": page.next,
    }
