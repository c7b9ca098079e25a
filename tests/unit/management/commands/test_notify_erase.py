from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

import notify
from notify.models import Notification
from tests.unit.management.commands.helpers import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_it_says_what_was_erased_and_that_nothing_is_left(ada: User) -> None:
    notify.send(to=ada, title="T")
    printed = run("notify_erase", "ada", "--yes")
    assert printed.startswith("Erased ")
    assert not Notification.objects.exists()
    assert run("notify_erase", "ada", "--yes").startswith("There was nothing to erase.\n")


class Praise(notify.Kind):
    key = "tests.praise"

    who: str

    def title(self) -> str:
        return "Somebody was praised"


def test_it_says_that_it_does_not_find_who_is_named_in_notices_to_others(
    ada: User, make_user: Callable[..., User]
) -> None:
    notice = notify.send(Praise(who="ada"), to=make_user("bob"))
    printed = run("notify_erase", "ada", "--yes")
    assert "(params), may still name this user" in printed
    notice.refresh_from_db()
    assert notice.params == {"who": "ada"}


def test_it_asks_for_a_confirmation(ada: User) -> None:
    notify.send(to=ada, title="T")
    with pytest.raises(CommandError, match="notify_export first, then pass --yes"):
        run("notify_erase", "ada")
    assert Notification.objects.exists()
