"""What a person wants of kinds and categories. A write changes what it names and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from notify.exceptions import InvalidPreference
from notify.kinds import registry
from notify.kinds.channels import INBOX
from notify.models import Preference, content, user_pk
from notify.sql import database

RHYTHMS = ("", "hourly", "daily", "weekly")  # empty: at once
_SCOPE = re.compile(r"all|(kind|category):.{1,100}", re.DOTALL)


def choose(user: str, scope: str, channel: str, value: bool | None, rhythm: str = "") -> None:
    """Stores what a person wants of a scope on a channel.

    Args:
        user: `str(user.pk)`.
        scope: "kind:<key>", "category:<key>" or "all".
        channel: One of `CHANNELS`.
        value: Whether they want it; None: they have not said.
        rhythm: How often, of what is on and leaves the browser; one of `RHYTHMS`.

    Raises:
        InvalidPreference: There is no such scope or channel, or it cannot be turned off.
    """
    _check(scope, channel, value)
    if rhythm not in RHYTHMS or (rhythm and (channel == INBOX or not value)):
        raise InvalidPreference(
            "rhythm",
            "must be hourly, daily or weekly, and only for what is on and leaves the browser, "
            f"not {rhythm!r:.40}.",
        )
    if value is None:
        Preference.objects.filter(user=user_pk(user), scope=scope, channel=channel).delete()
        return
    chosen = Preference(scope=scope, channel=channel, value=value, rhythm=rhythm)
    # What is off keeps how often it was wanted.
    save(user, [chosen], also=["rhythm"] if value else [])


def save(user: str, several: Sequence[Preference], also: Sequence[str] = ()) -> None:
    """Stores what a person wants, in one statement and over what they wanted before.

    Args:
        user: `str(user.pk)`.
        several: Without user and time.
        also: Fields beside `value` and `before` that a row which is there takes over.
    """
    for one in several:
        one.user_id, one.changed = user_pk(user), database.now()
    Preference.objects.bulk_create(
        several,
        update_conflicts=True,
        unique_fields=["user", "scope", "channel"],
        update_fields=["value", "changed", "before", *also],
    )


def _check(scope: str, channel: str, value: bool | None) -> None:
    if not isinstance(scope, str) or not _SCOPE.fullmatch(scope) or not content.is_storable(scope):
        raise InvalidPreference(
            "scope", f"must be 'kind:<key>', 'category:<key>' or 'all', not {scope!r:.100}."
        )
    channels = registry.channel_keys()
    if channel not in channels:
        known = ", ".join(channels)
        raise InvalidPreference("channel", f"must be one of {known}, not {channel!r:.100}.")
    if value is not None and not isinstance(value, bool):
        raise InvalidPreference("value", f"must be True, False or None, not {value!r:.100}.")
    kind = registry.get(scope.removeprefix("kind:")) if scope.startswith("kind:") else None
    if kind is not None and channel in kind.required and value is False:
        raise InvalidPreference("value", "must not be False: this kind is required.")
