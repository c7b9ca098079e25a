"""Several who send from the admin at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from notify.admin import confirmation
from notify.models import Notice, Notification
from notify.sending.audience import Audience
from tests.integration.test_store_concurrency import (
    Hold,
    only_postgres,
    result,
    somebody_waits,
    threads,
    together,
)
from tests.unit.admin.helpers import ADD, allow, form, send_at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    send_at_once(monkeypatch)


def sender(user: User, **fields: Any) -> Callable[[], Any]:
    client = Client()
    client.force_login(user)
    return lambda: client.post(ADD, form(**fields))


@pytest.fixture
def staff(make_user: Callable[..., User]) -> list[User]:
    return [allow(make_user(f"staff{n}", is_staff=True), "send_notice") for n in range(3)]


def test_a_double_click_sends_once(staff: list[User]) -> None:
    clicks = [sender(staff[0], usernames="staff1") for _ in range(4)]
    assert [answer.status_code for answer in together(*clicks)] == [302] * 4
    assert Notice.objects.count() == 1
    assert Notification.objects.count() == 1


def test_the_same_of_several_people_is_sent_once_and_the_others_are_asked(
    staff: list[User],
) -> None:
    sends = [sender(user, form_key=f"k{user.pk}", usernames="staff1") for user in staff]
    answers = together(*sends)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 302]
    asked = [answer.content.decode() for answer in answers if answer.status_code == 200]
    assert all("sent this same notice" in page for page in asked)
    assert Notice.objects.count() == 1
    assert Notification.objects.count() == 1


@only_postgres
def test_the_second_waits_for_the_commit_of_the_first(
    staff: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, look, looks = Hold(), confirmation.find_duplicate, []

    def look_and_stop(notice: Notice, audience: Audience) -> Notice | None:
        looks.append(notice)
        found = look(notice, audience)
        if len(looks) == 1:
            hold.here()  # it has found nobody, and is not committed
        return found

    monkeypatch.setattr(confirmation, "find_duplicate", look_and_stop)
    first, second = (sender(user, form_key=f"k{user.pk}", usernames="staff1") for user in staff[:2])
    with threads() as beside:
        sending = beside.start(first)
        hold.until_reached()
        asking = beside.start(second)
        somebody_waits()
        hold.let_go()
        assert result(sending).status_code == 302
        assert "staff0 sent this same notice" in result(asking).content.decode()
    assert Notice.objects.count() == 1
