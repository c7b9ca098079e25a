"""Names of permissions, and checks. With a user model without permissions, nobody has any."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_permission_codename, get_user_model

SEND = "notify.send_notice"
VIEW_NOTICE = "notify.view_notice"
VIEW_INBOX = "notify.view_inbox"
VIEW_OPERATIONS = "notify.view_operations"
CHANGE_TOKENS = "notify.change_apitoken"
CHANGE_PREFERENCES = "notify.change_preferences"


def has_permission(user: Any, permission: str) -> bool:
    """Whether this user has the permission now. Nothing else calls `has_perm`."""
    ask = getattr(user, "has_perm", None)
    return ask is not None and bool(ask(permission))


def may_on_users(user: Any, verb: str) -> bool:
    """Whether this user may add, view, change or delete users (`verb`), as in the admin."""
    meta = get_user_model()._meta
    codename = get_permission_codename(verb, meta)
    return has_permission(user, f"{meta.app_label}.{codename}")


def is_superuser(user: Any) -> bool:
    """Whether this user may act for anybody. If the user model has no superusers, this is anyone
    who may change users, since they can set anybody's password."""
    named = getattr(user, "is_superuser", None)
    return may_on_users(user, "change") if named is None else bool(named)
