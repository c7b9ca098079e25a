"""Names of groups on the channel layer.

Several deployments may share a layer, so each has groups of its own. The rest of notify names
groups without the deployment ("processes", "user.7"); `full_name` gives the name on the layer.
"""

from __future__ import annotations

import hashlib
import re

EVERY_PROCESS = "processes"  # of those with a hub
WORKERS = "workers"  # processes of `manage.py notify_work`

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def user_group(user: str) -> str:
    """The group of the processes that have a socket of this user (a `str(pk)`)."""
    # Channels allows ASCII letters, digits, hyphen, underscore and period, below 100 characters.
    name = user if _NAME.fullmatch(user) else hashlib.sha256(user.encode()).hexdigest()
    return f"user.{name}"


def full_name(deployment: str, group: str) -> str:
    """The name on the layer of a group of this deployment."""
    return f"notify.{deployment}.{group}"
