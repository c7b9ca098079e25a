from __future__ import annotations

from datetime import time

import pytest

from notify.models import Reader
from notify.outbox.quiet_hours import QuietHours
from notify.outbox.recipients import has_moved, recipient_of
from notify.outbox.states import Skipped
from tests.unit.outbox.out import NOW, Kept

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("declared")]


def of(user, channel=None):
    return recipient_of(str(user.pk), channel or Kept(after=NOW))


def test_it_has_all_that_is_known_of_the_person(ada):
    Reader.objects.create(
        user=ada, language="de", zone="Asia/Tokyo", quiet_start=time(22), quiet_end=time(7)
    )
    found = of(ada)
    assert (found.user, found.key, found.address) == (ada, str(ada.pk), "ada@example.org")
    assert found.locale == ("de", "Asia/Tokyo")
    assert found.quiet == QuietHours(time(22), time(7))
    assert found.why is None


def test_nothing_need_be_known(ada, settings):
    found = of(ada)
    assert found.locale == (settings.LANGUAGE_CODE, settings.TIME_ZONE)
    assert found.quiet is None


@pytest.mark.parametrize("address", [None, "", "a" * 321])
def test_some_are_nowhere(ada, address):
    Kept.address_of = staticmethod(lambda user: address)
    assert of(ada).address is None
    assert of(ada).why == Skipped.NO_ADDRESS


def test_no_channel_is_nowhere(ada):
    assert recipient_of(str(ada.pk), None).why == Skipped.NO_ADDRESS


def test_an_address_that_cannot_be_said_may_be_said_later(ada, caplog):
    def fails(user):
        raise ZeroDivisionError

    Kept.address_of = staticmethod(fails)
    found = of(ada)
    assert found.failed
    assert found.why is None
    assert "could not say where" in caplog.text


def moves(user):
    Kept.address_of = staticmethod(lambda user: "new@example.org")


def cannot_be_told(user):
    def fails(user):
        raise ZeroDivisionError

    Kept.address_of = staticmethod(fails)


def is_nowhere(user):
    Kept.address_of = staticmethod(lambda user: None)


def leaves(user):
    type(user).objects.update(is_active=False)


def is_deleted(user):
    type(user).objects.all().delete()


@pytest.mark.parametrize("what", [moves, cannot_be_told, is_nowhere, leaves, is_deleted])
def test_it_is_known_whether_somebody_has_moved_since(ada, what):
    before = of(ada)
    assert not has_moved(before, Kept(after=NOW))
    what(ada)
    assert has_moved(before, Kept(after=NOW))


def test_an_account_may_be_inactive_or_gone(ada):
    type(ada).objects.update(is_active=False)
    assert of(ada).why == Skipped.INACTIVE
    key = str(ada.pk)
    ada.delete()
    assert recipient_of(key, Kept(after=NOW)) is None
