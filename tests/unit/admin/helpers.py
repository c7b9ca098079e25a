"""Helpers of the admin tests."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User

ADD = "/admin/notify/notice/add/"
LIST = "/admin/notify/notice/"
INBOXES = "/admin/notify/inbox/"


def inbox_page(user: User) -> str:
    return f"{INBOXES}{user.pk}/change/"


def send_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ten seconds in which the admin's sends can be stopped are over at once."""
    # By name: a project without the admin cannot import it.
    monkeypatch.setattr("notify.admin.stopping.STOPPABLE_FOR", timedelta(seconds=-1))
    monkeypatch.setattr("notify.admin.stopping.wake_workers_when_due", lambda: None)


def form(**fields: Any) -> dict[str, Any]:
    return {"form_key": "k1", "title": "Hello", "level": "info", **fields}


def text_of(response: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def allow(user: User, *codenames: str) -> User:
    for codename in codenames:
        user.user_permissions.add(Permission.objects.get(codename=codename))
    return user
