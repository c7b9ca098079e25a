"""Messages in the admin."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import notify
from notify import sql
from notify.kinds import registry
from notify.models import Message, OutboxItem
from notify.outbox.again import send_again
from tests.unit.admin.helpers import allow, text_of
from tests.unit.inbox.helpers import deliver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

MESSAGES = "/admin/notify/message/"
WHEN = timezone.now() - timedelta(hours=1)


@pytest.fixture(autouse=True)
def kinds(own_kinds: None, settings: Any) -> None:
    settings.NOTIFY_SITE_URL = "https://shop.example"

    class Shipped(notify.Kind):
        key = "shop.shipped"
        verbose_name = "An order has shipped"
        channels = [notify.Email()]

        def title(self) -> str:
            return "<script>alert(1)</script>"


@pytest.fixture
def message(ada: Any) -> Message:
    notice = deliver(ada)
    made = Message.objects.create(
        user=ada, channel="email", address="ada@example.org", state="refused",
        why="550 no such user", language="en", zone="UTC", created=WHEN, lease=WHEN, ended=WHEN,
    )  # fmt: skip
    OutboxItem.objects.create(
        user=ada, channel="email", notice=notice, state="refused", message=made, ripe=WHEN,
        made=WHEN,
    )  # fmt: skip
    return made


def test_the_list_has_state_reason_person_and_channel(admin_client, message):
    page = text_of(admin_client.get(MESSAGES))
    for told in ("ada", "E-mail", "ada@example.org", "refused", "550 no such user"):
        assert told in page
    assert "refused" in text_of(admin_client.get(MESSAGES, {"state": "refused"}))
    assert "0 messages" in text_of(admin_client.get(MESSAGES, {"state": "handed"}))


def test_channels_are_filtered_by_their_names(admin_client, message):
    page = admin_client.get(MESSAGES).content.decode()
    assert re.search(r'href="\?channel=email"[^>]*>\s*E-mail\s*<', page)
    assert "ada@example.org" in text_of(admin_client.get(MESSAGES, {"channel": "email"}))
    assert "ada@example.org" not in text_of(admin_client.get(MESSAGES, {"channel": "sms"}))


def test_messages_of_a_channel_that_was_taken_away_can_be_filtered(admin_client, message):
    Message.objects.create(
        user=message.user, channel="sms", address="+44 20", created=WHEN, lease=WHEN
    )
    page = admin_client.get(MESSAGES).content.decode()
    assert len(re.findall(r'href="\?channel=', page)) == 2
    assert re.search(r'href="\?channel=sms"[^>]*>\s*Sms\s*<', page)
    assert "+44 20" in text_of(admin_client.get(MESSAGES, {"channel": "sms"}))


@pytest.mark.sqlite
def test_which_channels_messages_have_is_read_by_an_index(admin_client, message):
    with CaptureQueriesContext(connection) as queries:
        admin_client.get(MESSAGES)
    asked = [one["sql"] for one in queries if '"channel" >' in one["sql"]]
    assert len(asked) == 2
    for one in asked:
        assert "INDEX notify_message_channel" in str(sql.fetch(f"EXPLAIN QUERY PLAN {one}"))


@pytest.mark.sqlite  # PostgreSQL reads all of so few
def test_a_page_of_messages_is_read_by_an_index(admin_client, message):
    listed = admin_client.get(MESSAGES).context["cl"].result_list
    assert "USING INDEX notify_message_created" in listed.explain()
    assert [one.items_count for one in listed] == [1]


def test_a_message_shows_what_it_was_about(admin_client, message):
    page = admin_client.get(f"{MESSAGES}{message.pk}/change/")
    notice = message.items.get().notice
    assert f'href="/admin/notify/notice/{notice.pk}/change/"' in page.content.decode()
    assert message.pk in text_of(page)
    assert (
        admin_client.post(f"{MESSAGES}{message.pk}/change/", {"state": "handed"}).status_code == 403
    )


def test_it_is_sent_again_with_a_new_id_which_is_said(admin_client, message):
    chosen = {"action": "send_again", "_selected_action": [message.pk]}
    page = text_of(admin_client.post(MESSAGES, chosen, follow=True))
    assert "1 message is sent again, with a new ID" in page
    assert OutboxItem.objects.get(message=None).state == "waiting"
    page = text_of(admin_client.post(MESSAGES, chosen, follow=True))
    assert "1 message is under way, sent again already or about nothing any more" in page


def test_what_was_sent_again_still_shows_what_it_was_about(admin_client, message):
    notice = message.items.get().notice
    send_again(message.pk)
    page = admin_client.get(f"{MESSAGES}{message.pk}/change/").content.decode()
    assert f'href="/admin/notify/notice/{notice.pk}/change/"' in page
    listed = admin_client.get(MESSAGES).context["cl"].result_list
    assert [one.items_count for one in listed] == [1]


def test_who_may_see_inboxes_sees_them_and_only_who_may_send_sends(client, staff, message):
    staff.user_permissions.clear()
    client.force_login(type(staff).objects.get(pk=staff.pk))
    assert client.get(MESSAGES).status_code == 403
    assert client.get(f"{MESSAGES}previews/").status_code == 403
    assert client.get(f"{MESSAGES}previews/shop.shipped/en/").status_code == 403
    allow(staff, "view_inbox")
    page = client.get(MESSAGES)
    assert "ada@example.org" in text_of(page)
    assert "send_again" not in page.content.decode()
    client.post(MESSAGES, {"action": "send_again", "_selected_action": [message.pk]})
    assert OutboxItem.objects.get().state == "refused"


def test_the_index_has_no_line_of_them_where_nothing_leaves_the_browser(admin_client, monkeypatch):
    assert f'href="{MESSAGES}"' in admin_client.get("/admin/").content.decode()
    monkeypatch.setattr(registry, "_kinds", {})
    assert f'href="{MESSAGES}"' not in admin_client.get("/admin/").content.decode()


def test_the_mail_of_a_kind_is_previewed_in_each_language(admin_client):
    index = admin_client.get(f"{MESSAGES}previews/").content.decode()
    assert "An order has shipped" in index
    page = admin_client.get(f"{MESSAGES}previews/shop.shipped/").content.decode()
    assert "<script>alert" not in page
    for language in ("en", "de"):
        frame = f"{MESSAGES}previews/shop.shipped/{language}/"
        assert f'src="{frame}"' in page
        answer = admin_client.get(frame)
        assert "<script>alert" not in answer.content.decode()
        assert answer["X-Frame-Options"] == "SAMEORIGIN"
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "sandbox" in answer["Content-Security-Policy"]
    assert admin_client.get(f"{MESSAGES}previews/gone/").status_code == 404
