"""Why a user did or did not see a notice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

import notify
from notify import sending
from notify.changes import Locale
from notify.inbox import upkeep
from notify.models import Inbox, Notification
from notify.notices import Welcome
from notify.readers import locales
from tests.unit.admin.helpers import LIST, allow, inbox_page, text_of
from tests.unit.inbox.helpers import people

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def page_text(client, user, notice):
    return text_of(client.get(inbox_page(user), {"notice": notice.pk}))


def verdict(client, user, notice):
    return client.get(inbox_page(user), {"notice": notice.pk}).context["search"].story.verdict


def test_a_user_who_was_not_a_recipient(client, inbox_staff, ada, make_user):
    notice = notify.send(to=make_user("bob"), title="Hello")
    assert verdict(client, ada, notice) == "ada wasn't among the recipients when it was sent."


def test_a_notice_in_the_inbox_that_no_client_has_confirmed(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", sender=inbox_staff)
    shown = page_text(client, ada, notice)
    assert "It's in ada's inbox; no device has received it yet." in shown
    assert "by staff" in shown
    assert "no device has confirmed it yet" in shown


def test_what_a_client_has_confirmed_is_delivered_by_then_at_the_latest(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello")
    before = timezone.now()
    upkeep.acknowledge({str(ada.pk): 1})
    at = Inbox.objects.get(pk=ada.pk).acknowledged_at
    a_round_trip = timedelta(seconds=1)  # the database's clock is known within half of one
    assert before - a_round_trip <= at <= timezone.now() + a_round_trip
    shown = page_text(client, ada, notice)
    assert "Delivered to a browser, but not shown yet." in shown
    assert "confirmed by a device, at the latest then" in shown

    notify.send(to=ada, title="Another")
    upkeep.acknowledge({str(ada.pk): 2})
    assert "confirmed by a device; the time isn't recorded" in page_text(client, ada, notice)


def test_marks_have_their_time(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello")
    sending.mark(str(ada.pk), "seen", ids=[notice.pk])
    assert verdict(client, ada, notice) == "ada has seen it."
    archived = notify.send(to=ada, title="At a glance")
    sending.mark(str(ada.pk), "archived", ids=[archived.pk])
    assert verdict(client, ada, archived) == "ada has seen it."  # by archiving it
    sending.recall(notice)
    assert verdict(client, ada, notice) == "ada saw it before it was recalled."
    steps = {
        step.name: step
        for step in client.get(inbox_page(ada), {"notice": notice.pk}).context["search"].story.steps
    }
    copy = Notification.objects.get(notice=notice)
    assert (steps["Seen"].when, steps["Seen"].happened) == (copy.seen, True)
    assert (steps["Read"].when, steps["Read"].happened) == (None, False)
    assert steps["Recalled"].happened
    # Whoever has seen it has received it, even if no client has confirmed that.
    assert (steps["Delivered"].when, steps["Delivered"].happened) == (copy.seen, True)


def test_a_recall_before_it_was_seen_and_an_expiry(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", expires=timezone.now() + timedelta(hours=1))
    sending.recall(notice)
    assert verdict(client, ada, notice) == "It was recalled before ada saw it."
    type(notice).objects.update(expires=timezone.now() - timedelta(hours=1))
    assert "it had expired" in page_text(client, ada, notice)


def test_a_recall_in_the_admin_names_who_did_it(client, inbox_staff, ada):
    allow(inbox_staff, "send_notice")
    notice = notify.send(to=ada, title="Hello")
    client.post(f"{LIST}{notice.pk}/recall/")
    [recalled] = [
        step
        for step in client.get(inbox_page(ada), {"notice": notice.pk}).context["search"].story.steps
        if step.name == "Recalled"
    ]
    assert recalled.how == "by staff"


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (None, "Queued: ada's batch hasn't run yet."),
        (sending.pause, "It's paused and hasn't reached ada's inbox."),
        (sending.cancel, "It was cancelled before it reached ada's inbox."),
        (sending.recall, "It was recalled before it reached ada's inbox."),
    ],
)
def test_a_notice_that_has_not_reached_the_inbox(  # noqa: PLR0917  (fixtures and parameters)
    client, inbox_staff, ada, settings, verb, said
):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = notify.send(to=[ada, *people(2)], title="Hello")
    if verb is not None:
        verb(notice)
    assert verdict(client, ada, notice) == said


@pytest.mark.parametrize("verb", [sending.pause, sending.cancel])
def test_who_stopped_it_before_it_arrived_is_a_step(client, inbox_staff, ada, settings, verb):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = notify.send(to=[ada, *people(1)], title="Hello")
    verb(notice, by=inbox_staff)
    steps = client.get(inbox_page(ada), {"notice": notice.pk}).context["search"].story.steps
    [step] = [step for step in steps if step.name in {"Paused", "Cancelled"}]
    assert (step.how, step.when is not None) == ("by staff", True)


def test_why_it_is_not_there_is_translated(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=1))
    sending.pause(notice)
    german = {"accept-language": "de"}
    shown = text_of(client.get(inbox_page(ada), {"notice": notice.pk}, headers=german))
    assert "Versand angehalten" in shown


def test_a_scheduled_notice(client, inbox_staff, ada):
    notice = notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=1))
    assert verdict(client, ada, notice) == "It's scheduled and hasn't been sent to ada yet."
    assert "Scheduled for" in page_text(client, ada, notice)


def test_an_inactive_account_and_a_deleted_notification(client, inbox_staff, ada):
    with transaction.atomic():
        notice = notify.send(to=ada, title="Hello")
    ada.is_active = False
    ada.save()
    assert "ada's account is inactive" in verdict(client, ada, notice)
    Notification.objects.all().delete()
    assert verdict(client, ada, notice).startswith("ada had it, but it has since been deleted")


def test_the_language_of_the_last_page_is_told_of_a_kind_and_of_nothing_else(
    client, inbox_staff, ada, make_user
):
    notice = notify.send(Welcome(), to=ada)
    by_default = "isn't recorded; by ada's settings it's English."
    assert by_default in page_text(client, ada, notice)
    locales.note_shown([(str(ada.pk), Locale("de", "UTC"))])
    known = "ada's last page was in German; in which language this notice was shown isn't recorded."
    assert known in page_text(client, ada, notice)
    assert "in which language" not in page_text(client, ada, notify.send(to=ada, title="Hello"))
    assert "in which language" not in page_text(client, make_user("bob"), notice)


def test_the_language_in_which_it_was_first_seen_is_told(client, inbox_staff, ada):
    typed, untyped = notify.send(Welcome(), to=ada), notify.send(to=ada, title="Hello")
    locales.note_shown([(str(ada.pk), Locale("en", "UTC"))])
    for language in ("de", "en"):
        sending.mark(str(ada.pk), "seen", ids=[typed.pk, untyped.pk], language=language)
    text = page_text(client, ada, typed)
    assert "shown in German; on which device isn't recorded" in text
    assert "in which language" not in text
    assert "shown in" not in page_text(client, ada, untyped)
