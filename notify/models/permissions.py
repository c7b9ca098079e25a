"""What users may do. A user model need not know of permissions: then nobody has any."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_permission_codename, get_user_model

SEND = "notify.send_notice"
VIEW_INBOX = "notify.view_inbox"
VIEW_OPERATIONS = "notify.view_operations"
CHANGE_TOKENS = "notify.change_apitoken"


def has_permission(user: Any, permission: str) -> bool:
    """Whether this user has it now; the only place that asks."""
    ask = getattr(user, "has_perm", None)
    return ask is not None and bool(ask(permission))


def may_on_users(user: Any, verb: str) -> bool:
    """Whether they may add, view, change or delete users, as the admin understands it."""
    meta = get_user_model()._meta
    codename = get_permission_codename(verb, meta)
    return has_permission(user, f"{meta.app_label}.{codename}")


def is_superuser(user: Any) -> bool:
    """Whether they may act for anybody. Where the user model has no superusers, that is whoever
    may change users, as they can give anybody another password."""
    named = getattr(user, "is_superuser", None)
    return may_on_users(user, "change") if named is None else bool(named)
