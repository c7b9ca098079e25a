"""The channels by which a notice may reach somebody, and what may be said of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

INBOX = "inbox"
CHANNELS = (INBOX,)


def checked_defaults(owner: str, defaults: Any) -> dict[str, bool]:
    """Whether each channel is on by default, as a class or a setting says it.

    Raises:
        ImproperlyConfigured: It is no mapping of channels to `True` or `False`; names the owner.
    """
    if not isinstance(defaults, Mapping) or not all(
        channel in CHANNELS and isinstance(value, bool) for channel, value in defaults.items()
    ):
        raise ImproperlyConfigured(
            f"{owner} must say True or False of channels, as {{'inbox': False}}, not "
            f"{defaults!r:.100}. Channels are: {', '.join(CHANNELS)}."
        )
    return dict(defaults)


def check_required(owner: str, required: Any) -> None:
    """Raises ImproperlyConfigured if this is no collection of channels, such as `("inbox",)`."""
    is_several = isinstance(required, Collection) and not isinstance(required, str)
    if not is_several or not all(channel in CHANNELS for channel in required):
        raise ImproperlyConfigured(
            f"{owner} must name channels, as ('inbox',), not {required!r:.100}. Channels are: "
            f"{', '.join(CHANNELS)}."
        )
