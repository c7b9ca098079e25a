"""What people call what they have muted.

A person is called as in the notices that whoever muted them has got: a key that somebody tries out
tells no name. A thing is called by the newest title of what they got about it.
"""

from __future__ import annotations

from collections.abc import Iterable

from notify.models import Notification, user_pk
from notify.web.preference_texts import category_label

SEARCHED_ROWS = 5000  # of an inbox, for names of people and of things


def names_of(user: str, targets: Iterable[str]) -> dict[str, str]:
    """Names by target; what has none is called by its key.

    Args:
        user: `str(user.pk)`.
        targets: As `Mute.target` has them.
    """
    wanted = set(targets)
    names = {target: _by_key(target) for target in wanted}
    sought = {one for one in wanted if one.startswith(("actor:", "thing:"))}
    return names | _in_inbox(user, sought) if sought else names


def _by_key(target: str) -> str:
    prefix, _, key = target.partition(":")
    if prefix == "category":
        return category_label(key)
    return key.replace(":", " ", 1) if prefix == "thing" else key


def _in_inbox(user: str, sought: set[str]) -> dict[str, str]:
    copies = Notification.objects.filter(user=user_pk(user)).order_by("-arrived")
    columns = ("actor_id", "actor_name", "about_type", "about_id", "title", "recalled")
    found: dict[str, str] = {}
    rows = copies.values_list(*(f"notice__{name}" for name in columns))[:SEARCHED_ROWS]
    for actor, actor_name, about_type, about_id, title, recalled in rows:
        if actor is not None and actor_name:
            found.setdefault(f"actor:{actor}", actor_name)
        if about_type is not None and recalled is None:
            found.setdefault(f"thing:{about_type}:{about_id}", title)
        if sought <= found.keys():
            break
    return {target: name for target, name in found.items() if target in sought}
