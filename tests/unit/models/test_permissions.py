from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser

import notify
from notify.models import Notice, permissions
from notify.models.permissions import has_permission, is_superuser, may_on_users
from tests.unit.admin.helpers import allow

pytestmark = pytest.mark.django_db


class Bare:
    """A user of a model without permissions."""

    is_active = True


class Trusted(Bare):
    """A user of a model with permissions of its own, and without superusers."""

    def __init__(self, *trusted_with: str) -> None:
        self.trusted_with = trusted_with

    def has_perm(self, permission: str, obj: object = None) -> bool:
        return permission in self.trusted_with


@pytest.mark.parametrize("nobody", [None, Bare(), AnonymousUser()], ids=repr)
def test_without_permissions_nobody_has_any(nobody):
    assert has_permission(nobody, permissions.SEND) is False
    assert is_superuser(nobody) is False
    assert may_on_users(nobody, "change") is False


def test_a_permission_is_asked_of_the_user(make_user):
    ada = allow(make_user("ada"), "send_notice")
    assert has_permission(ada, permissions.SEND)
    assert not has_permission(ada, permissions.VIEW_OPERATIONS)
    assert has_permission(Trusted(permissions.SEND), permissions.SEND)


def test_where_there_are_no_superusers_whoever_may_change_users_may_act_for_them(make_user):
    assert is_superuser(make_user("boss", is_superuser=True))
    assert is_superuser(Trusted("auth.change_user"))
    assert not is_superuser(Trusted("auth.view_user"))
    assert not is_superuser(allow(make_user("staff"), "change_user"))


def test_nothing_asks_in_another_way():
    asks = re.compile(r"\.(has_perms?|has_module_perms|is_superuser)\b")
    root = Path(notify.__file__).parent
    found = [file.name for file in root.rglob("*.py") if asks.search(file.read_text())]
    assert found == []


def test_there_are_permissions_to_send_and_to_watch():
    codes = {code for code, _ in Notice._meta.permissions}
    assert codes == {"send_notice", "view_operations"}
