"""Previews in the compose form: the audience, and the notice as its recipients see it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model

from notify.admin.formatting import format_count, format_people
from notify.models import Level
from notify.sending.audience import Audience, To
from notify.web.pages.browser_texts import browser_texts

SAMPLE_SIZE = 10


def sample_audience(to: To) -> tuple[int, list[str]]:
    """How many people `to` names, and the first ten by username, with their full names.

    Raises:
        InvalidNotice: `to` holds something that is not a recipient.
    """
    users = Audience.of(to).people()
    count = users.count()
    first = users.order_by(get_user_model().USERNAME_FIELD)[:SAMPLE_SIZE] if count else ()
    return count, [_display_name(user) for user in first]


def audience_texts(count: int, sample: list[str]) -> dict[str, Any]:
    """An audience as templates and scripts display it."""
    others = count - len(sample)
    return {
        "people": format_people(count),
        "sample": sample,
        "others": format_count(others) if others > 0 else "",
    }


def preview_notice(fields: dict[str, Any]) -> dict[str, Any]:
    """The context of `preview.html`: the row, and the browser texts in the current language."""
    names = ("title", "body", "level", "category", "url")
    row = {name: str(fields.get(name) or "") for name in names}
    row["level"] = row["level"] or Level.INFO.value
    return {"row": row | {"actions": fields.get("actions") or []}, "texts": browser_texts()}


def _display_name(user: Any) -> str:
    full_name = getattr(user, "get_full_name", str)()
    name = str(user.get_username())
    return f"{name} ({full_name})" if full_name and full_name != name else name
