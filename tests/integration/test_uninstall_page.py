"""The blocks of docs/uninstall.md, in a project that takes notify out again, in either order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.harness.documents import block
from tests.harness.shop import Shop

PAGE = "docs/uninstall.md"
WITHOUT = """
from settings_here import *
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "notify"]
MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("notify.")]
ROOT_URLCONF = "urls_without"
"""
MAKE_ADA = """
from django.contrib.auth.models import User
import notify
ada = User.objects.create_user("ada")
notify.recall(notify.send(to=ada, title="Hello", actor=ada, include_actor=True))
print(ada.notify_inbox.version)
"""
DELETE_ADA = """
from django.contrib.auth.models import User
print(User.objects.get(username="ada").delete())
"""
RUN_SQL = """
import sys
from django.db import connection
with connection.cursor() as cursor:
    for statement in sys.stdin.read().split(";"):
        if statement.strip():
            cursor.execute(statement)
"""
TABLES = """
from django.db import connection
print([name for name in connection.introspection.table_names() if name.startswith("notify_")])
"""
CONTENT_TYPES = """
from django.contrib.auth.models import Permission
print(Permission.objects.filter(content_type__app_label="notify").count())
"""


@pytest.fixture
def project(shop: Shop, transactional_db: None) -> Iterator[Shop]:
    """With notify in it, and somebody who has been sent something."""

    shop.write("urls_without.py", "urlpatterns = []\n")
    shop.write("settings_without.py", WITHOUT)
    with shop.own_database():
        assert int(shell(shop, MAKE_ADA)) > 1
        yield shop


def shell(shop: Shop, code: str, **options: Any) -> str:
    return shop.run("django", "shell", "-v", "0", "-c", code, **options)


def command(first: str) -> list[str]:
    """What the page has `manage.py` do."""
    [line] = block(PAGE, first).splitlines()[1:]
    words = line.split()
    assert words[:2] == ["python", "manage.py"]
    return ["django", *words[2:]]


def remove_content_types(project: Shop) -> None:
    assert int(shell(project, CONTENT_TYPES, **without)) > 10
    project.run(*command("when notify is out of INSTALLED_APPS"), "--no-input", **without)
    assert int(shell(project, CONTENT_TYPES, **without)) == 0


without = {"DJANGO_SETTINGS_MODULE": "settings_without"}


def test_in_order_nothing_of_it_is_left(project):
    project.run(*command("while notify is in INSTALLED_APPS"))
    assert shell(project, TABLES, **without).strip() == "[]"
    remove_content_types(project)
    assert "'auth.User': 1" in shell(project, DELETE_ADA, **without)


def test_tables_that_were_left_keep_users_from_being_deleted_until_they_are_dropped(project):
    with pytest.raises(AssertionError, match="IntegrityError"):
        shell(project, DELETE_ADA, **without)
    sql = block(PAGE, "the tables of notify, and what Django knows of them", comment="--")
    shell(project, RUN_SQL, stdin=sql, **without)
    assert shell(project, TABLES, **without).strip() == "[]"
    remove_content_types(project)
    assert "'auth.User': 1" in shell(project, DELETE_ADA, **without)

    # And it may come back.
    project.run("django", "migrate", "--verbosity", "0")
    assert int(shell(project, MAKE_ADA)) > 1
