"""Notices in the admin: permissions, the list, the page of a notice."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse

import notify
from notify import sending
from notify.models import ApiToken, Notice, Notification
from notify.notices import Welcome
from tests.unit.admin.helpers import ADD, LIST, allow, form, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

# Permissions


def test_staff_without_the_permission_cannot_send(make_user, client, ada):
    client.force_login(make_user("staff", is_staff=True))
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, form(users=[ada.pk])).status_code == 403
    assert client.get(LIST).status_code == 403
    assert not Notice.objects.exists()


def test_staff_who_may_only_view_can_neither_send_nor_recall(make_user, client, ada):
    staff = make_user("staff", is_staff=True)
    allow(staff, "view_notice")
    client.force_login(staff)
    notice = notify.send(to=ada, title="Hello")
    page = f"{LIST}{notice.pk}/change/"
    assert client.get(LIST).status_code == 200
    assert "/recall/" not in client.get(page).content.decode()
    assert client.get(ADD).status_code == 403
    assert client.post(f"{LIST}{notice.pk}/recall/").status_code == 403
    assert client.get(f"{LIST}people/?term=a").status_code == 403
    assert Notice.objects.get().recalled is None


def test_nobody_changes_or_deletes_a_notice(admin_client, ada):
    notice = notify.send(to=ada, title="Hello")
    page = f"{LIST}{notice.pk}/change/"
    assert admin_client.post(page, {"title": "Other"}).status_code == 403
    assert admin_client.post(f"{LIST}{notice.pk}/delete/", {"post": "yes"}).status_code == 403
    notice.refresh_from_db()
    assert notice.title == "Hello"


def test_a_user_with_notices_and_tokens_can_be_deleted_in_the_admin(admin_client, ada):
    notify.send(to=ada, title="Hello", actor=ada, include_actor=True)
    ApiToken.objects.issue(ada, "a program", ["inbox"])
    response = admin_client.post(f"/admin/auth/user/{ada.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not Notification.objects.exists()
    assert Notice.objects.get().actor is None


def test_a_forbidden_page_is_logged_in_one_line(client, staff, caplog):
    assert client.get("/admin/auth/user/").status_code == 403
    [record] = [one for one in caplog.records if one.name == "django.request"]
    assert record.exc_info is None


# Pages


def test_the_page_of_a_notice_shows_its_progress(client, staff, ada, make_user):
    bob = make_user("bob")
    notice = notify.send(to=[ada, bob], title="Hello")
    sending.mark(str(ada.pk), "read", ids=[notice.pk])
    page = text_of(client.get(f"{LIST}{notice.pk}/change/"))
    for line in (
        "Delivery: Sent",
        "Recipients 2",
        "In inbox 2",
        "Delivered 1",
        "Seen 1",
        "Read 1",
        "Batches done 0 / 0",
    ):
        assert line in page


def test_the_page_of_a_kind_shows_what_readers_of_each_language_get(client, staff, ada):
    page = client.get(f"{LIST}{notify.send(Welcome(), to=ada).pk}/change/").content.decode()
    assert re.search(r'<dd lang="en" dir="ltr">\s*<strong>Welcome</strong>', page)
    assert re.search(r'<dd lang="de" dir="ltr">\s*<strong>Willkommen</strong>', page)
    as_written = notify.send(to=ada, title="Hello")
    page = client.get(f"{LIST}{as_written.pk}/change/").content.decode()
    assert 'id="languages"' not in page


def test_the_page_says_who_sent_it(client, staff, ada):
    eve = get_user_model().objects.create(username="eve")
    by_eve = notify.send(to=ada, title="Hello", sender=eve)
    by_system = notify.send(to=ada, title="Hello")

    def page(notice):
        return text_of(client.get(f"{LIST}{notice.pk}/change/"))

    assert "Sent by: eve" in page(by_eve)
    assert "Sent by: System" in page(by_system)
    eve.delete()
    assert "Sent by: a deleted user" in page(by_eve)


def test_the_list_shows_status_and_counts_in_few_queries(
    client, staff, ada, django_assert_max_num_queries
):
    notices = [notify.send(to=ada, title=f"Notice {n}") for n in range(5)]
    sending.mark(str(ada.pk), "seen", ids=[notices[-1].pk])
    with django_assert_max_num_queries(12):
        response = client.get(LIST)
    page = text_of(response)
    first = page.index("Notice 4 Info Sent System 1 delivered, 1 seen, 0 read of 1")
    assert first < page.index("Notice 0 Info Sent System 0 delivered, 0 seen, 0 read of 1")


def test_markup_in_a_notice_is_shown_as_text(client, staff, ada):
    notice = notify.send(to=ada, title="<script>alert(1)</script>", body="<img src=x onerror=a()>")
    for url in (LIST, f"{LIST}{notice.pk}/change/", f"{LIST}{notice.pk}/recall/"):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


@pytest.mark.parametrize("url", [ADD, LIST, "/admin/notify/apitoken/add/"])
def test_pages_have_nothing_that_a_strict_policy_forbids(admin_client, url):
    response = admin_client.get(url)
    assert "'unsafe-inline'" not in response["Content-Security-Policy"]
    page = response.content.decode()
    assert " style=" not in page
    assert "<style" not in page
    assert not re.search(r"\son\w+=", page)
    assert all("src=" in tag or "type=" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_the_admin_names_its_pages(client, staff):
    assert reverse("admin:notify_notice_people") == f"{LIST}people/"
    assert "Send a notice" in text_of(client.get(ADD))
