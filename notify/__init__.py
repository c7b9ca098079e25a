"""Live notifications for Django that are never lost.

    import notify

    notify.send(to=user, title="Your export is ready", url="/exports/7/")

The names below are imported lazily, because Django must set up its apps before it loads models.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notify.exceptions import (
        Busy,
        EmptyAudience,
        InvalidNotice,
        InvalidPreference,
        KeyConflict,
        NotifyError,
        UnknownUsers,
    )
    from notify.kinds import About, Category, Kind, isolate
    from notify.models import Level
    from notify.outbox import Email
    from notify.readers.targets import topic
    from notify.sending import (
        NewNotice,
        arecall,
        asend,
        follow,
        mute,
        prefer,
        recall,
        send,
        send_many,
        unfollow,
        unmute,
        why,
    )
    from notify.sending.audience import everyone

__version__ = "0.1.0"

_HOMES = {
    "About": "notify.kinds",
    "Busy": "notify.exceptions",
    "Category": "notify.kinds",
    "Email": "notify.outbox",
    "EmptyAudience": "notify.exceptions",
    "InvalidNotice": "notify.exceptions",
    "InvalidPreference": "notify.exceptions",
    "KeyConflict": "notify.exceptions",
    "Kind": "notify.kinds",
    "Level": "notify.models",
    "NewNotice": "notify.sending",
    "NotifyError": "notify.exceptions",
    "UnknownUsers": "notify.exceptions",
    "arecall": "notify.sending",
    "asend": "notify.sending",
    "everyone": "notify.sending.audience",
    "follow": "notify.sending",
    "isolate": "notify.kinds",
    "mute": "notify.sending",
    "prefer": "notify.sending",
    "recall": "notify.sending",
    "send": "notify.sending",
    "send_many": "notify.sending",
    "topic": "notify.readers.targets",
    "unfollow": "notify.sending",
    "unmute": "notify.sending",
    "why": "notify.sending",
}

__all__ = [
    "About",
    "Busy",
    "Category",
    "Email",
    "EmptyAudience",
    "InvalidNotice",
    "InvalidPreference",
    "KeyConflict",
    "Kind",
    "Level",
    "NewNotice",
    "NotifyError",
    "UnknownUsers",
    "arecall",
    "asend",
    "everyone",
    "follow",
    "isolate",
    "mute",
    "prefer",
    "recall",
    "send",
    "send_many",
    "topic",
    "unfollow",
    "unmute",
    "why",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'notify' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
