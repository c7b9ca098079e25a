from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError

from notify.models import Notice, Notification
from tests.unit.management.commands.helpers import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_demo_users_need_debug(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        run("notify_demo")
    assert not get_user_model().objects.exists()


def test_demo_users_and_their_notices_are_created_once(settings):
    settings.DEBUG = True
    printed = [run("notify_demo") for _ in range(2)]
    users = get_user_model().objects
    assert set(users.values_list("username", flat=True)) == {"ada", "bob", "cleo", "admin"}
    assert users.get(username="ada").check_password("demo")
    assert users.get(username="admin").is_superuser
    assert not users.get(username="ada").is_staff
    assert Notification.objects.filter(user__username="ada").count() == 4
    assert len(set(Notice.objects.values_list("level", flat=True))) == 4
    assert "ada, bob or cleo" in printed[0]
    assert "'demo'" in printed[0]
    assert printed[0] == printed[1]


def test_demo_leaves_an_existing_admin_alone(settings, make_user):
    settings.DEBUG = True
    make_user("admin")
    run("notify_demo")
    assert not get_user_model().objects.get(username="admin").check_password("demo")
