from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from notify.exceptions import InvalidNotice
from notify.sending.drafts import NewNotice, draft

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)


def test_it_has_what_was_said(ada, bob):
    found = draft(NewNotice(to=[ada, bob], title="Hello", actor=ada, data={"n": 1}), NOW)
    notice = found.notice
    assert (notice.title, notice.data, notice.created, notice.actor_id) == (
        "Hello",
        {"n": 1},
        NOW,
        ada.pk,
    )
    assert found.audience.keys == {ada.pk, bob.pk}
    assert found.excluded == ada.pk
    assert notice.pk is None


def test_the_actor_may_be_included(ada):
    assert draft(NewNotice(to=ada, title="x", actor=ada, include_actor=True), NOW).excluded is None


def test_the_actors_name_is_the_full_name_or_the_username(ada):
    named = User(pk=7, username="grace", first_name="Grace", last_name="Hopper")
    assert draft(NewNotice(to=ada, title="x", actor=named), NOW).notice.actor_name == "Grace Hopper"
    assert draft(NewNotice(to=ada, title="x", actor=ada), NOW).notice.actor_name == ada.username


def test_only_a_notice_with_a_key_has_a_fingerprint(ada):
    assert draft(NewNotice(to=ada, title="x"), NOW).notice.fingerprint == ""
    keyed = draft(NewNotice(to=ada, title="x", key="k", sender=ada), NOW).notice
    assert len(keyed.fingerprint) == 64
    assert keyed.sender == f"user:{ada.pk}"
    other = draft(NewNotice(to=ada, title="y", key="k", sender=ada), NOW).notice
    assert other.fingerprint != keyed.fingerprint


def test_what_cannot_be_sent_is_refused(ada):
    with pytest.raises(InvalidNotice, match="expires"):
        draft(NewNotice(to=ada, title="x", expires=NOW - timedelta(1)), NOW)
