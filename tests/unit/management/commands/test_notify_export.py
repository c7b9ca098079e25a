from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

import notify
from tests.unit.management.commands.helpers import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_it_prints_the_users_data_as_readable_json(
    ada: User, make_user: Callable[..., User]
) -> None:
    notify.send(to=ada, title="Grüße")
    notify.send(to=make_user("bob"), title="for bob")
    printed = run("notify_export", "ada")
    assert [row["title"] for row in json.loads(printed)["notifications"]] == ["Grüße"]
    assert "Grüße" in printed


def test_an_unknown_user_is_an_error(db: None) -> None:
    with pytest.raises(CommandError, match="no user 'nobody'"):
        run("notify_export", "nobody")
