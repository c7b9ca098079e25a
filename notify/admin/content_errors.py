"""Every field of the compose form whose content `send` would refuse, which names the first only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from notify.exceptions import InvalidNotice
from notify.models import content
from notify.sql import database

BUTTONS = (1, 2)


def content_errors(cleaned: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields that `send` would refuse, and what to write into them.

    Args:
        cleaned: The form's cleaned data, without the fields that have errors already.

    Yields:
        The name of the field, and the error to show there.
    """
    invisible, link = _("Enter at least one visible character."), _link_error()
    for field, text in (("title", invisible), ("category", invisible), ("url", link)):
        if cleaned.get(field) and _is_refused(**{field: cleaned[field]}):
            yield field, text
    for n in BUTTONS:
        yield from _button_errors(cleaned, n)
    send_at, expires = cleaned.get("send_at"), cleaned.get("expires")
    out_of_range = [
        name for name in ("send_at", "expires") if _is_refused(send_at=cleaned.get(name))
    ]
    for name in out_of_range:
        yield name, _("This date is out of range. Enter another one.")
    if not out_of_range and _is_refused(send_at=send_at, expires=expires, now=database.now()):
        yield "expires", _("Choose a time after the notice is sent.")


def _button_errors(cleaned: dict[str, Any], n: int) -> Iterator[tuple[str, str]]:
    """A button has a label and a link, or neither."""
    fields = f"action_{n}_label", f"action_{n}_url"
    label, url = (cleaned.get(field) for field in fields)
    if label is None or url is None or not (label or url):
        return
    if _is_refused(actions=[{"label": label, "url": "/"}]):
        yield fields[0], _("Enter a label for this button.")
    if _is_refused(actions=[{"label": "x", "url": url}]):
        yield fields[1], _link_error()


def _link_error() -> str:
    return _("Enter a path such as /orders/7/, or an http(s) address.")


def _is_refused(**arguments: Any) -> bool:
    try:
        content.check(**{"title": "x"} | arguments)
    except InvalidNotice:
        return True
    return False
