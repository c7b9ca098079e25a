from __future__ import annotations

import pytest
from django.core.management import CommandError
from django.db.models import F

import notify
from notify.management.commands import notify_doctor
from notify.models import Inbox
from tests.unit.management.commands.helpers import run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def test_the_doctor_corrects_wrong_counts(make_user):
    ada, bob = make_user("ada"), make_user("bob")
    notify.send(to=[ada, bob], title="T")
    Inbox.objects.filter(user=ada).update(unread=F("unread") + 3, unseen=0)
    assert "Recounted 2 inboxes and corrected 1." in run("notify_doctor", "--recount")
    inbox = Inbox.objects.get(user=ada)
    assert (inbox.unread, inbox.unseen) == (1, 1)
    assert "and corrected 0." in run("notify_doctor", "--recount")


def test_the_doctor_requires_an_option():
    with pytest.raises(CommandError, match="--recount"):
        run("notify_doctor")


BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # loads nobody
    "django.contrib.auth.backends.RemoteUserBackend",
    "django.contrib.auth.backends.ModelBackend",
]


def test_the_doctor_signs_in_by_a_backend_that_loads_the_user(make_user, settings):
    settings.AUTHENTICATION_BACKENDS = BACKENDS
    assert notify_doctor._backend_of(make_user("ada")) == BACKENDS[1]
    with pytest.raises(CommandError, match="is the account active"):
        notify_doctor._backend_of(make_user("bob", is_active=False))
