from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notify.inbox.reconsidering import reconsider
from notify.kinds import registry
from notify.models import OutboxItem, Preference
from notify.outbox.claiming import claim
from notify.sending import prefer, set_reader, unsubscribe
from notify.sql import database
from tests.unit.inbox.helpers import key
from tests.unit.outbox.out import declare, due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kinds(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})
    declare()


@pytest.fixture
def weekly(ada):
    """Something of Ada's that waits for a week."""
    choice = Preference.objects.create(
        user=ada, scope="category:news", channel="kept", value=True, rhythm="weekly"
    )
    due(ada)
    assert claim(key(ada), "kept") is None
    assert OutboxItem.objects.get().rhythm == "weekly"
    return choice


def ripe():
    return OutboxItem.objects.get().ripe - database.now()


def test_it_goes_now_if_it_is_wanted_at_once(ada, weekly):
    weekly.rhythm = ""
    weekly.save()
    assert reconsider(key(ada)) == 1
    assert claim(key(ada), "kept") is not None


def test_now_is_now_though_the_clock_is_ahead_of_the_databases(ada, weekly, monkeypatch):
    real = database.now
    monkeypatch.setattr(database, "now", lambda: real() + timedelta(milliseconds=90))
    Preference.objects.update(rhythm="")
    reconsider(key(ada))
    assert claim(key(ada), "kept") is not None


def test_it_waits_for_its_digest_if_nothing_has_changed(ada, weekly):
    before = OutboxItem.objects.get().ripe
    assert reconsider(key(ada)) == 1
    assert claim(key(ada), "kept") is None
    after = OutboxItem.objects.get()
    assert (after.rhythm, after.ripe) == ("weekly", before)


def test_what_failed_keeps_its_time_and_others_theirs(ada, bob, weekly):
    OutboxItem.objects.update(tries=1)
    assert reconsider(key(ada)) == 0
    assert reconsider(key(bob)) == 0
    assert ripe() > timedelta(hours=1)


def test_the_verbs_do_it(ada, weekly):
    set_reader(ada, {"zone": "Asia/Tokyo"})
    assert ripe() <= timedelta(seconds=1)
    OutboxItem.objects.update(ripe=database.now() + timedelta(days=2))
    prefer(ada, "category:news", value=True)
    assert ripe() > timedelta(days=1)
    prefer(ada, "category:news", value=False, channel="kept")
    assert claim(key(ada), "kept") is None
    assert OutboxItem.objects.get().why == "unwanted"


def test_unsubscribing_does_it_too(ada, weekly):
    assert unsubscribe(ada, "kept", ["news"])
    assert ripe() <= timedelta(seconds=1)


def test_where_nothing_waits_it_locks_nothing(ada):
    with CaptureQueriesContext(connection) as queries:
        assert reconsider(key(ada)) == 0
    assert len(queries) == 1


def test_without_channels_it_asks_nothing(ada, monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {})
    with CaptureQueriesContext(connection) as queries:
        assert reconsider(key(ada)) == 0
    assert len(queries) == 0
