"""Notices and API tokens in the Django admin."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

import notify
from notify import sending
from notify.exceptions import EmptyAudience
from notify.models import ApiToken, Notice, Notification
from tests.unit.admin.world import ADD, LIST, allow, errors_of, form, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]

# Who may


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


# Writing


def test_the_form_reads_like_a_sentence(client, staff):
    response = client.get(ADD)
    legends = [fieldset.name for fieldset in response.context["adminform"]]
    assert [str(name) for name in legends] == [
        "To whom",
        "What",
        "How loud",
        "Where it leads",
        "When",
    ]
    assert 'value="Send"' in response.content.decode()


def test_groups_are_offered_where_there_are_any(client, staff):
    assert 'name="groups"' not in client.get(ADD).content.decode()
    Group.objects.create(name="team")
    assert 'name="groups"' in client.get(ADD).content.decode()


def test_a_notice_is_sent_to_people_groups_and_everyone(client, staff, ada, make_user):
    group = Group.objects.create(name="team")
    group.user_set.add(ada, make_user("bob"))

    choices: list[tuple[dict[str, Any], str]] = [
        ({"users": [ada.pk]}, "1 person"),
        ({"groups": [group.pk]}, "2 people"),
        ({"users": [ada.pk], "groups": [group.pk]}, "2 people"),
        ({"everyone": "on"}, "3 people"),
    ]
    for to, people in choices:
        response = client.post(ADD, form(form_key=f"for {to}", **to), follow=True)
        assert f"Sent to {people}." in text_of(response)
        assert response.redirect_chain[0][0].endswith("/change/")

    assert Notification.objects.filter(user=ada).count() == 4


def test_what_is_written_is_what_arrives(client, staff, ada):
    client.post(
        ADD,
        form(
            users=[ada.pk],
            body="B",
            level="warning",
            category="c",
            url="/x/",
            expires_0="2031-01-01",
            expires_1="09:00:00",
        ),
    )
    notice = Notice.objects.get()
    said = ("title", "body", "level", "category", "url", "sender", "actor")
    assert [getattr(notice, name) for name in said] == [
        "Hello",
        "B",
        "warning",
        "c",
        "/x/",
        f"user:{staff.pk}",
        None,
    ]
    assert notice.expires
    assert notice.expires.year == 2031


def test_a_scheduled_notice_says_so(client, staff, ada):
    response = client.post(
        ADD, form(users=[ada.pk], send_at_0="2031-01-01", send_at_1="09:00:00"), follow=True
    )
    assert "Will be sent to 1 person." in text_of(response)
    assert not Notification.objects.exists()


def test_a_double_click_sends_once_and_says_so(client, staff, ada):
    client.post(ADD, form(users=[ada.pk]))
    response = client.post(ADD, form(users=[ada.pk]), follow=True)
    assert "This was sent already, to 1 person." in text_of(response)
    assert Notice.objects.count() == 1
    assert Notification.objects.count() == 1
    assert LogEntry.objects.count() == 1


def test_a_form_that_was_sent_and_then_edited_is_refused_and_kept(client, staff, ada):
    client.post(ADD, form(users=[ada.pk]))
    response = client.post(ADD, form(users=[ada.pk], title="Edited"))
    assert response.status_code == 200
    assert "was already sent" in text_of(response)
    assert "Edited" in response.content.decode()
    assert Notice.objects.count() == 1


def test_each_form_has_a_key_of_its_own(client, staff):
    pages = [client.get(ADD).content.decode() for _ in range(2)]
    keys = {key for page in pages for key in re.findall(r'name="form_key" value="([^"]+)"', page)}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"users": []}, "users"),
        ({"title": ""}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"body": "x" * 4001}, "body"),
        ({"level": "loud"}, "level"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"expires_0": "2001-01-01", "expires_1": "09:00"}, "expires"),
        ({"users": ["999999"]}, "users"),
    ],
)
def test_what_cannot_be_sent_is_said_at_its_field(client, staff, ada, change, field):
    response = client.post(ADD, form(users=[ada.pk]) | change)
    assert response.status_code == 200
    assert list(errors_of(response)) == [field]
    assert not Notice.objects.exists()


def test_a_group_without_members_is_nobody(client, staff):
    group = Group.objects.create(name="empty")
    response = client.post(ADD, form(groups=[group.pk]))
    assert list(errors_of(response)) == ["users"]
    assert "nobody is left" in text_of(response)


def test_what_only_sending_can_tell_is_said_in_the_form(client, staff, ada, monkeypatch):
    def refuse(**kwargs):
        raise EmptyAudience("all of them have left.")

    monkeypatch.setattr(sending, "send", refuse)
    response = client.post(ADD, form(users=[ada.pk]))
    assert errors_of(response) == {"users": ["all of them have left."]}


def test_people_are_found_by_whoever_may_send(client, staff, ada, make_user):
    make_user("adam", is_active=False)
    make_user("bob", first_name="Adam", last_name="Smith")
    found = client.get(f"{LIST}people/", {"term": "ada"}).json()["results"]
    assert {person["text"] for person in found} == {"ada", "bob"}
    assert {"id": str(ada.pk), "text": "ada"} in found
    assert found_by(client, "smith ADAM") == {"bob"}
    assert found_by(client, "x" * 5000) == set()


def found_by(client, term):
    found = client.get(f"{LIST}people/", {"term": term}).json()["results"]
    return {person["text"] for person in found}


def test_an_address_is_found_by_those_only_who_may_see_users(client, staff, make_user):
    make_user("bob", email="bob.secret@example.org")
    assert found_by(client, "bob.secret@example.o") == set()
    allow(staff, "view_user")
    assert found_by(client, "bob.secret@example.o") == {"bob"}


def test_who_is_hidden_in_the_admin_of_users_is_not_found(client, staff, make_user, monkeypatch):
    make_user("bob")
    make_user("bobby")
    users = admin.site._registry[get_user_model()]
    visible = get_user_model().objects.exclude(username="bobby")
    monkeypatch.setattr(users, "get_queryset", lambda request: visible)
    assert found_by(client, "bob") == {"bob"}
    allow(staff, "view_user")
    assert found_by(client, "bob") == {"bob"}


def test_what_staff_may_not_do_is_one_line_of_the_log(client, staff, caplog):
    assert client.get("/admin/auth/user/").status_code == 403
    [record] = [one for one in caplog.records if one.name == "django.request"]
    assert record.exc_info is None


# Looking


def test_the_page_of_a_notice_tells_what_became_of_it(client, staff, ada, make_user):
    bob = make_user("bob")
    notice = notify.send(to=[ada, bob], title="Hello")
    sending.mark(str(ada.pk), "read", ids=[notice.pk])
    page = text_of(client.get(f"{LIST}{notice.pk}/change/"))
    for line in (
        "What became of it: Sent",
        "Recipients 2",
        "In the inbox of 2",
        "Delivered to 0",
        "Seen by 1",
        "Read by 1",
        "Batches done 1 / 1",
    ):
        assert line in page


def test_the_page_says_who_sent_it(client, staff, ada):
    eve = get_user_model().objects.create(username="eve")
    by_eve = notify.send(to=ada, title="Hello", sender=eve)
    by_system = notify.send(to=ada, title="Hello")

    def page(notice):
        return text_of(client.get(f"{LIST}{notice.pk}/change/"))

    assert "Sent by: eve" in page(by_eve)
    assert "Sent by: the system" in page(by_system)
    eve.delete()
    assert "Sent by: somebody who is gone" in page(by_eve)


def test_the_list_shows_status_and_counts_in_few_queries(
    client, staff, ada, django_assert_max_num_queries
):
    notices = [notify.send(to=ada, title=f"Notice {n}") for n in range(5)]
    sending.mark(str(ada.pk), "seen", ids=[notices[-1].pk])
    with django_assert_max_num_queries(12):
        response = client.get(LIST)
    page = text_of(response)
    first = page.index("Notice 4 Info Sent 1 0 delivered, 1 seen, 0 read of 1")
    assert first < page.index("Notice 0 Info Sent 1 0 delivered, 0 seen, 0 read of 1")


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


# Recalling


def test_a_recall_asks_first_and_says_from_how_many(client, staff, ada, make_user):
    notice = notify.send(to=[ada, make_user("bob")], title="Wrong")
    page = client.get(f"{LIST}{notice.pk}/change/").content.decode()
    assert f"{LIST}{notice.pk}/recall/" in page

    assert "Recall from 2 people" in client.get(f"{LIST}{notice.pk}/recall/").content.decode()
    notice.refresh_from_db()
    assert notice.recalled is None

    response = client.post(f"{LIST}{notice.pk}/recall/", follow=True)
    assert "Recalled. It is taken away from 2 people." in text_of(response)
    assert "/recall/" not in response.content.decode()
    assert Notification.objects.filter(recalled__isnull=True).count() == 0
    assert LogEntry.objects.get().get_change_message() == "Recalled."


def test_what_is_recalled_cannot_be_recalled_again(client, staff, ada):
    notice = notify.send(to=ada, title="Wrong")
    notify.recall(notice)
    assert "is recalled already" in text_of(client.get(f"{LIST}{notice.pk}/recall/"))


def test_the_recall_of_a_notice_that_does_not_exist_is_404(client, staff):
    assert client.get(f"{LIST}99/recall/").status_code == 404
    assert client.post(f"{LIST}x/recall/").status_code == 404


def test_an_expiry_before_now_is_refused_before_anything_is_written(client, staff, ada):
    past = timezone.now() - timedelta(days=1)
    response = client.post(
        ADD, form(users=[ada.pk], expires_0=past.date().isoformat(), expires_1="00:00")
    )
    assert "later than the time of sending" in text_of(response)


# API tokens

TOKENS = "/admin/notify/apitoken/"


def plain_token(response):
    [plain] = re.findall(r"ntf_[\w-]{40,}", text_of(response))
    return plain


def test_a_token_is_shown_once(admin_client, ada):
    allow(ada, "send_notice")
    response = admin_client.post(
        f"{TOKENS}add/", {"name": "robot", "user": ada.pk, "scopes": ["send"]}
    )
    plain = plain_token(response)  # in the answer itself: a message would be in a cookie
    assert "messages" not in response.cookies
    assert "no-store" in response["Cache-Control"]
    token = ApiToken.objects.authenticate(plain)
    assert token
    assert (token.name, token.user, token.scopes) == ("robot", ada, ["send"])
    for url in (TOKENS, f"{TOKENS}{token.pk}/change/"):
        page = admin_client.get(url).content.decode()
        assert plain not in page
        assert token.token_hash not in page
        assert token.prefix in page


def test_a_token_is_never_changed(admin_client, ada):
    token, _plain = ApiToken.objects.issue(ada, "robot", ["inbox"])
    page = f"{TOKENS}{token.pk}/change/"
    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {"name": "x", "scopes": ["send"]}).status_code == 403


def test_revoked_tokens_admit_nobody(admin_client, ada):
    token, plain = ApiToken.objects.issue(ada, "robot", ["inbox"])
    response = admin_client.post(
        TOKENS, {"action": "revoke", "_selected_action": [token.pk]}, follow=True
    )
    assert "1 token is revoked." in text_of(response)
    assert ApiToken.objects.authenticate(plain) is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wrong_token_is_refused(admin_client, ada, fields, field):
    wanted = {"name": "robot", "user": ada.pk, "scopes": ["inbox"]} | fields
    response = admin_client.post(f"{TOKENS}add/", wanted)
    assert list(errors_of(response)) == [field]
    assert not ApiToken.objects.exists()


def test_a_token_that_sends_is_made_only_for_a_user_who_may(admin_client, ada):
    """The maker may do all, and the token acts for its user."""
    wanted = {"name": "robot", "user": ada.pk, "scopes": ["inbox", "send"]}
    errors = errors_of(admin_client.post(f"{TOKENS}add/", wanted))
    assert list(errors) == ["scopes"]
    assert "notify.send_notice" in str(errors["scopes"])
    allow(ada, "send_notice")
    admin_client.post(f"{TOKENS}add/", wanted)
    assert ApiToken.objects.get().user == ada


def test_a_token_carries_no_more_than_its_maker_may_do(make_user, client, ada):
    may = ("add_apitoken", "view_apitoken", "view_user")
    maker = allow(make_user("maker", is_staff=True), *may)
    client.force_login(maker)
    theirs, _plain = ApiToken.objects.issue(ada, "of ada", ["inbox"])

    def make(user, scope):
        wanted = {"name": "robot", "user": user.pk, "scopes": [scope]}
        return client.post(f"{TOKENS}add/", wanted)

    assert list(errors_of(make(ada, "inbox"))) == ["user"]
    assert list(errors_of(make(maker, "send"))) == ["scopes"]
    assert plain_token(make(maker, "inbox"))
    assert "of ada" not in client.get(TOKENS).content.decode()
    assert client.get(f"{TOKENS}{theirs.pk}/change/").status_code == 302


def test_the_admin_names_its_pages(client, staff):
    assert reverse("admin:notify_notice_people") == f"{LIST}people/"
    assert "Send a notice" in text_of(client.get(ADD))
