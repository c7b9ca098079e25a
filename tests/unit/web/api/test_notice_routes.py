"""Sending over HTTP."""

from __future__ import annotations

import json
import tracemalloc
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.utils import timezone
from ninja.errors import ValidationError

import notify
from notify.kinds import registry
from notify.models import Notice, Notification
from notify.web import refusals
from notify.web.api.schemas import NoticeOut, Recalled, Sent
from notify.web.refusals import MAX_BODY_BYTES
from tests.unit.kinds.examples import OrderShipped

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture
def make_sender(make_user, by_token):
    def make(name):
        user = make_user(name)
        user.user_permissions.add(Permission.objects.get(codename="send_notice"))
        return by_token(user, "send")

    return make


@pytest.fixture
def sender(make_sender):
    return make_sender("robot")


def notice(to=None, **fields):
    return {"to": to or {"users": ["ada"]}, "title": "Hello", **fields}


def test_a_notice_is_sent_to_users_groups_and_everyone(ada, make_user, sender):
    group = Group.objects.create(name="staff")
    group.user_set.add(make_user("bob"), ada)
    make_user("gone", is_active=False)

    for to, recipients in (
        ({"users": ["ada"]}, 1),
        ({"groups": ["staff"]}, 2),
        ({"users": ["ada"], "groups": ["staff"]}, 2),
        ({"everyone": True}, 3),
    ):
        response = sender.post("notices/", notice(to))
        Sent.model_validate(response.json())
        assert response.status_code == 201
        assert response.json()["recipients"] == recipients


def test_all_fields_reach_the_inbox(ada, sender, by_session):
    expires = (timezone.now() + timedelta(days=1)).isoformat(timespec="milliseconds")
    fields = {
        "body": "B",
        "level": "warning",
        "category": "c",
        "url": "/x/",
        "actions": [{"label": "Open", "url": "https://example.org/"}],
        "data": {"n": [1, None, "ü"]},
        "kind": "k",
    }
    response = sender.post("notices/", notice(**fields, expires=expires, unknown="ignored"))
    assert response.status_code == 201
    row = by_session(ada).get("inbox/").json()["notifications"][0]
    assert {name: row[name] for name in fields} == fields
    assert row["actor"] is None
    assert row["expires"].endswith("Z")


@pytest.fixture
def kinds(monkeypatch):
    monkeypatch.setattr(registry, "_kinds", {OrderShipped.key: OrderShipped})


def of_a_kind(**params):
    return {"to": {"users": ["ada"]}, "kind": "shop.order_shipped", "params": params}


def test_a_kind_is_sent_with_its_fields(ada, sender, by_session, kinds):
    response = sender.post("notices/", of_a_kind(number="A-7", items=2))
    assert response.status_code == 201
    row = by_session(ada).get("inbox/").json()["notifications"][0]
    assert (row["title"], row["level"], row["kind"]) == ("2 items", "success", "shop.order_shipped")
    assert "params" not in row
    assert Notice.objects.get().params == {"number": "A-7", "items": 2, "day": None}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (of_a_kind(number=7), "params.number"),
        (of_a_kind(), "params.number"),
        (of_a_kind(number="A-7", colour="red"), "params.colour"),
        (of_a_kind(number="A-7") | {"kind": "shop.nothing"}, "kind"),
        (of_a_kind(number="A-7") | {"title": "Hello"}, "title"),
        (of_a_kind(number="A-7") | {"params": "A-7"}, "params"),
    ],
)
def test_wrong_fields_of_a_kind_are_named_and_nothing_is_sent(ada, sender, kinds, body, field):
    response = sender.post("notices/", body)
    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) == [field]
    assert not Notice.objects.exists()


def test_an_unknown_user_is_named_and_nothing_is_sent(ada, sender):
    response = sender.post("notices/", notice({"users": ["ada", "nobody", "noone"]}))
    assert response.status_code == 422
    assert "nobody, noone" in response.json()["error"]["fields"]["to"]
    assert not Notice.objects.exists()


def test_an_unknown_group_is_named_and_nothing_is_sent(ada, sender):
    response = sender.post("notices/", notice({"users": ["ada"], "groups": ["nogroup"]}))
    assert response.status_code == 422
    assert "nogroup" in response.json()["error"]["fields"]["to"]
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": {}}, "to"),
        ({"to": {"everyone": "yes"}}, "to.everyone"),
        ({"to": {"users": ["a\0"]}}, "to.users.0"),
        ({"to": {"users": ["\ud800"]}}, "to.users.0"),
        ({"to": "ada"}, "to"),
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": None}, "title"),
        ({"body": "x" * 4001}, "body"),
        ({"body": "\ud800"}, "body"),
        ({"level": "loud"}, "level"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "//evil.example/"}, "url"),
        ({"actions": [{"label": "x", "url": "javascript:alert(1)"}]}, "actions"),
        ({"actions": [{"label": "x", "url": "/"}] * 5}, "actions"),
        ({"data": {"x": "y" * 5000}}, "data"),
        ({"data": {"x": 2**60}}, "data"),
        ({"data": []}, "data"),
        ({"expires": "2001-01-01T00:00:00Z"}, "expires"),
        ({"expires": "2031-01-01T00:00:00"}, "expires"),
        ({"send_at": "0001-01-01T00:00:00+12:00"}, "send_at"),
        ({"expires": "9999-12-31T23:59:59-12:00"}, "expires"),
        ({"key": ""}, "key"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_field(ada, sender, change, field):
    response = sender.post("notices/", notice() | change)
    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) == [field]
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    "body",
    [b"{", b"", b"\xff", b'{"title": NaN}', b'{"a": Infinity}', b"[" * 100_000, b"1" * 5000],
)
def test_a_body_that_is_no_json_is_malformed(sender, body):
    response = sender.client.post(
        "/api/notify/notices/", body, content_type="application/json", headers=sender.headers
    )
    assert response.status_code == (400 if body else 422)
    assert response.json()["error"]["code"] == ("malformed" if body else "invalid")


@pytest.mark.parametrize("size", [MAX_BODY_BYTES, 3 * MAX_BODY_BYTES])
def test_a_body_that_is_too_large_is_refused(sender, size):
    response = sender.post("notices/", json.dumps(notice(body="x" * size)))
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


WRONG = {
    "actions": {"actions": [{}] * 250_000},
    "users": {"to": {"users": [1] * 340_000}},
    "groups": {"to": {"groups": [1] * 340_000}},
    "a few of each": {"to": {"users": [1] * 5_000, "groups": [1] * 900}, "actions": [{}] * 4},
    "unknown users": {"to": {"users": [f"{n:0100}" for n in range(9_000)]}},
    "too many users": {"to": {"users": ["ada"] * 10_001}},
    "a long link": {"url": "\x01" * 2_000},
    "digits": {"data": {"n": int("9" * 4_000)}},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_however_much_is_wrong_the_answer_is_short(ada, sender, wrong):
    response = sender.post("notices/", notice() | wrong)
    assert response.status_code == 422
    assert len(response.content) < 16_000
    assert len(response.json()["error"]["fields"]) <= 20
    assert not Notice.objects.exists()


@pytest.mark.parametrize("name", ["actions", "users", "groups"])
def test_what_is_wrong_costs_no_memory_for_each_entry(ada, sender, name):
    body = json.dumps(notice() | WRONG[name])
    tracemalloc.start()
    sender.post("notices/", body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000  # 250,000 dictionaries are 18 MB of it


def test_of_many_errors_the_rest_are_counted():
    errors = [{"loc": ("query", f"n{n}"), "msg": "wrong"} for n in range(25)]
    answer = json.loads(refusals.from_error(ValidationError(errors)).response().content)["error"]
    assert answer["message"].endswith("n19: wrong; and 5 more")
    assert len(answer["fields"]) == 20


def test_a_long_error_keeps_its_beginning_and_its_cure(ada, sender):
    response = sender.post("notices/", notice(url="x" * 2_000))
    text = response.json()["error"]["fields"]["url"]
    assert text.startswith("'xxx")
    assert text.endswith("or an http(s) address.")
    assert len(text) < 1_100


# Keys


def test_the_same_key_is_one_notice(ada, sender):
    first = sender.post("notices/", notice(key="order-7"))
    second = sender.post("notices/", notice(key="order-7"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Notification.objects.filter(user=ada).count() == 1


def test_the_same_key_with_other_content_is_a_conflict(ada, sender):
    sender.post("notices/", notice(key="order-7"))
    response = sender.post("notices/", notice(key="order-7", body="other"))
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "key"
    assert Notice.objects.count() == 1


def test_keys_are_the_senders_own(ada, make_sender, sender):
    other = make_sender("robot2")
    assert sender.post("notices/", notice(key="k")).status_code == 201
    assert other.post("notices/", notice(key="k", body="other")).status_code == 201


# Status


def test_the_status_counts_what_recipients_did(ada, make_user, sender, by_session):
    make_user("bob")
    sent = sender.post("notices/", notice({"everyone": True})).json()
    by_session(ada).post("inbox/mark/", {"ref": "r", "as": "read", "ids": [sent["id"]]})

    answer = sender.get(f"notices/{sent['id']}/").json()

    NoticeOut.model_validate(answer)
    counts = ("status", "recipients", "appended", "delivered", "seen", "read", "skipped")
    assert [answer[name] for name in counts] == ["sent", 3, 3, 1, 1, 1, 0]
    assert answer["created"].endswith("Z")


def test_a_scheduled_notice_is_pending(ada, sender):
    at = (timezone.now() + timedelta(hours=1)).isoformat()
    sent = sender.post("notices/", notice(send_at=at)).json()
    answer = sender.get(f"notices/{sent['id']}/").json()
    assert (answer["status"], answer["appended"]) == ("pending", 0)


def test_a_recall_takes_it_out_of_the_inbox_once(ada, sender, by_session):
    sent = sender.post("notices/", notice()).json()
    answers = [sender.post(f"notices/{sent['id']}/recall/").json() for _ in range(2)]
    Recalled.model_validate(answers[0])
    assert [answer["inboxes"] for answer in answers] == [1, 0]
    assert by_session(ada).get("inbox/").json()["notifications"] == []
    assert sender.get(f"notices/{sent['id']}/").json()["status"] == "recalled"
    assert Notice.objects.get().recalled_by == f"user:{User.objects.get(username='robot').pk}"


@pytest.mark.parametrize("how", ["get", "recall"])
def test_a_notice_that_does_not_exist_is_not_found(sender, how):
    for pk in (999_999, 2**53 - 1):
        path = f"notices/{pk}/"
        answer = sender.get(path) if how == "get" else sender.post(f"{path}recall/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


def test_ones_own_notice_is_not_seen_without_the_permission_either(ada, make_user, by_session):
    eve = make_user("eve")
    own = notify.send(to=ada, title="Own", sender=eve)
    caller = by_session(eve)
    assert caller.get(f"notices/{own.pk}/").status_code == 403
    assert caller.post(f"notices/{own.pk}/recall/").status_code == 403
    own.refresh_from_db()
    assert own.recalled is None


@pytest.mark.parametrize("by", ["token", "session"])
def test_with_the_permission_anyones_notice_is_seen_and_recalled(
    ada, make_user, by_session, sender, by
):
    theirs = notify.send(to=ada, title="Theirs")
    staff = make_user("staff")
    staff.user_permissions.add(Permission.objects.get(codename="send_notice"))
    caller = sender if by == "token" else by_session(staff)
    assert caller.get(f"notices/{theirs.pk}/").status_code == 200
    assert caller.post(f"notices/{theirs.pk}/recall/").json()["inboxes"] == 1


# The document


def test_the_openapi_document_is_served():
    document = Client().get("/api/notify/openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert set(document["paths"]) == {
        "/api/notify/config/",
        "/api/notify/elements/{name}/",
        "/api/notify/inbox/",
        "/api/notify/inbox/categories/",
        "/api/notify/inbox/changes/",
        "/api/notify/inbox/mark/",
        "/api/notify/inbox/undo/",
        "/api/notify/inbox/opened/",
        "/api/notify/inbox/{notice_id}/why/",
        "/api/notify/preferences/",
        "/api/notify/reader/",
        "/api/notify/mutes/",
        "/api/notify/mutes/{mute_id}/",
        "/api/notify/follows/",
        "/api/notify/ticket/",
        "/api/notify/notices/",
        "/api/notify/notices/{notice_id}/",
        "/api/notify/notices/{notice_id}/recall/",
        "/api/notify/notices/{notice_id}/pause/",
        "/api/notify/notices/{notice_id}/resume/",
    }
    mark = document["paths"]["/api/notify/inbox/mark/"]["post"]["requestBody"]
    assert mark["content"]["application/json"]["schema"]["required"] == ["ref", "as"]


def test_every_operation_declares_its_errors_in_one_shape():
    document = Client().get("/api/notify/openapi.json").json()
    for methods in document["paths"].values():
        for operation in methods.values():
            errors = {code: r for code, r in operation["responses"].items() if code >= "400"}
            assert {"401", "403", "412", "429"} <= set(errors)
            for error in errors.values():
                assert error["content"]["application/json"]["schema"] == {
                    "$ref": "#/components/schemas/ErrorOut"
                }


def test_the_page_of_the_api_has_nothing_that_a_strict_policy_forbids():
    response = Client().get("/api/notify/docs")
    page = response.content.decode()
    assert response.status_code == 200
    assert "https://" not in page
    assert "<style" not in page
    assert " style=" not in page
    for script in page.split("<script")[1:]:
        assert "src=" in script.split(">")[0] or 'type="application/json"' in script.split(">")[0]
    assert "'unsafe-inline'" not in response["Content-Security-Policy"]


@pytest.fixture
def scheduled(ada):
    later = timezone.now() + timedelta(hours=1)
    return notify.send(to=ada, title="Later", send_at=later)


def test_a_notice_is_paused_and_resumed(sender, scheduled, caplog):
    path = f"notices/{scheduled.pk}/"
    caplog.set_level("INFO", "notify.web.api.notice_routes")
    answers = [sender.post(f"{path}{verb}/").json() for verb in ("pause", "pause", "resume")]
    assert [answer["people"] for answer in answers] == [1, 0, 1]
    assert sender.get(path).json()["status"] == "pending"
    said = [record.getMessage() for record in caplog.records]
    assert [text.partition(" by ")[0] for text in said] == [
        f"Notice {scheduled.pk} was paused",
        f"Notice {scheduled.pk} was resumed",
    ]
    assert sender.post("notices/999999/pause/").status_code == 404
    assert sender.post("notices/999999/resume/").status_code == 404


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_pausing_and_resuming_need_the_permission(make_user, by_session, scheduled, verb):
    assert by_session(make_user("eve")).post(f"notices/{scheduled.pk}/{verb}/").status_code == 403
