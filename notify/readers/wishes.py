"""What one person has said, from the database."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q
from django.db.models.functions import Now

from notify import sql
from notify.models import Mute, Preference, user_pk
from notify.readers.deciding import Wishes
from notify.readers.defaults import site_groups
from notify.sql.dialects import dialect
from notify.sql.keys import database_key


def wishes_of(user: str, channel: str, targets: Collection[str] = ()) -> Wishes:
    """What a person has said of a channel, and which of these targets they have muted.

    Args:
        user: `str(user.pk)`.
        channel: The channel.
        targets: What a notice falls under that can be muted.
    """
    key = user_pk(user)
    found = Preference.objects.filter(user=key, channel=channel)
    rows = list(found.values_list("scope", "value", "rhythm"))
    muted = Mute.objects.filter(in_force(), user=key, target__in=targets) if targets else None
    return Wishes(
        choices={scope: value for scope, value, _ in rows},
        rhythms={scope: rhythm for scope, value, rhythm in rows if value and rhythm},
        muted=set() if muted is None else set(muted.values_list("target", flat=True)),
        groups=_groups_of(user),
    )


def in_force() -> Q:
    """The mutes that hold now, by the database's clock."""
    return Q(until__isnull=True) | Q(until__gt=Now())


def _groups_of(user: str) -> set[int]:
    """The site's groups that they are in, by their place in its list."""
    found = set()
    for n, group in enumerate(site_groups()):
        members, params = group.members()
        one = dialect().single_key()
        statement = f"SELECT 1 WHERE {one} IN ({members})"
        if sql.fetch(statement, [database_key(user), *params]):
            found.add(n)
    return found
