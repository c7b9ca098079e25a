"""*Send to me first*."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from notify import sending
from notify.models import Notice, Notification
from tests.unit.admin.helpers import ADD, LIST, errors_of, form, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


def send_trial(client, **fields):
    return client.post(ADD, form(_trial="", **fields))


def test_its_author_alone_gets_the_very_notice(client, staff, ada):
    said = {"body": "B", "level": "critical", "url": "/x/", "category": "c"}
    later = {"send_at_0": "2031-01-01", "send_at_1": "09:00:00"}
    page = send_trial(client, users=[ada.pk], **said, **later)
    copy = Notification.objects.get()
    assert copy.user == staff
    notice = copy.notice
    assert (notice.title, notice.body, notice.level) == ("Hello", "B", "critical")
    assert (notice.url, notice.category, notice.send_at) == ("/x/", "c", None)
    shown = text_of(page)
    assert "Sent to you only." in shown
    assert "You haven't seen it yet." in shown
    assert page.context["adminform"].form["title"].value() == "Hello"
    assert not LogEntry.objects.exists()


def test_it_says_when_its_author_has_seen_it(client, staff):
    url = send_trial(client).context["trial"]["url"]
    assert client.get(url).json()["seen"] is False
    sending.mark(str(staff.pk), "seen", ids=[Notice.objects.get().pk])
    state = client.get(url).json()
    assert state["seen"] is True
    assert state["text"].startswith("You saw it at ")


def test_it_needs_no_recipients_but_valid_content(client, staff):
    assert errors_of(send_trial(client)) == {}
    assert list(errors_of(send_trial(client, url="javascript:1"))) == ["url"]
    assert Notice.objects.count() == 1


def test_a_double_click_sends_once_and_another_text_again(client, staff):
    send_trial(client)
    send_trial(client)
    assert Notice.objects.count() == 1
    send_trial(client, title="Better")
    assert Notice.objects.count() == 2


def test_the_form_is_not_spent_and_the_trial_is_no_duplicate(client, staff):
    send_trial(client, usernames="staff")
    sent = client.post(ADD, form(usernames="staff"), follow=True)
    assert "Sending to 1 person." in text_of(sent)


def test_nobody_else_is_told(client, staff, make_user):
    send_trial(client)
    client.force_login(make_user("other", is_staff=True))
    assert client.get(f"{LIST}{Notice.objects.get().pk}/trial/").status_code == 403
