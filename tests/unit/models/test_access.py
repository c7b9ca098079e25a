from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from notify.models import ApiToken, EndedSession, KnownDevice
from notify.models.access import hash_token
from tests.unit.inbox.helpers import people

pytestmark = pytest.mark.django_db


def test_a_token_is_returned_once_and_stored_as_a_hash():
    [ada] = people(1)
    token, plain = ApiToken.objects.issue(ada, "script", ["send", "inbox"])

    assert plain.startswith("ntf_")
    assert len(plain) >= 40
    assert token.scopes == ["inbox", "send"]
    assert token.token_hash == hash_token(plain)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notify_apitoken")
        assert plain not in str(cursor.fetchall())
    assert ApiToken.objects.authenticate(plain) == token
    assert plain not in f"{token} {token!r}"


def test_a_revoked_or_unknown_token_or_one_of_an_inactive_user_is_none():
    [ada] = people(1)
    token, plain = ApiToken.objects.issue(ada, "script", ["send"])
    assert ApiToken.objects.authenticate("ntf_guess") is None
    assert ApiToken.objects.authenticate("") is None

    User.objects.update(is_active=False)
    assert ApiToken.objects.authenticate(plain) is None
    User.objects.update(is_active=True)
    ApiToken.objects.filter(pk=token.pk).update(revoked=timezone.now() - timedelta(days=1))
    assert ApiToken.objects.authenticate(plain) is None


def test_each_row_has_a_text():
    [ada] = people(1)
    assert str(EndedSession(key_hash="abc")) == "abc"
    assert str(KnownDevice(user=ada)) == f"a device of {ada.pk}"
