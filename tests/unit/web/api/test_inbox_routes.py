"""The inbox over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone

import notify
from notify import metrics
from notify.access.authentication import revalidate
from notify.inbox import upkeep
from notify.models import ApiToken, Inbox, Notification
from notify.protocol import Code
from notify.protocol.inbox_frames import MAX_FRAME_BYTES
from notify.web.api.schemas import Categories as CategoriesOut
from notify.web.api.schemas import Done, InboxFrame, InboxPage
from notify.web.api.schemas import Ticket as TicketOut
from tests.harness.tickets import redeem

pytestmark = pytest.mark.django_db(transaction=True)


def send(to, title="Hello", **fields):
    return notify.send(to=to, title=title, **fields)


def test_a_page_matches_the_protocol_and_the_openapi_document(make_user, by_session):
    ada = make_user("ada")
    for n in range(3):
        send(ada, f"Nº {n} — grün", actor=make_user(f"actor{n}"), url="/x/", data={"n": n})

    response = by_session(ada).get("inbox/", limit=2)

    page = response.json()
    InboxPage.model_validate(page)
    assert [row["title"] for row in page["notifications"]] == ["Nº 2 — grün", "Nº 1 — grün"]
    assert (page["version"], page["unseen"], page["unread"]) == (3, 3, 3)
    assert page["next"] == 2
    assert page["notifications"][0]["actor"]["name"] == "actor2"
    assert "Nº 2 — grün" in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_the_next_page_begins_below_the_last_row_of_the_one_before(make_user, by_session):
    ada = make_user("ada")
    for n in range(3):
        send(ada, f"{n}")
    caller = by_session(ada)
    page = caller.get("inbox/", limit=2).json()

    following = caller.get("inbox/", limit=2, before=page["next"]).json()

    assert [row["title"] for row in following["notifications"]] == ["0"]
    assert following["next"] is None


def test_pages_are_filtered_by_tab_category_level_and_words(make_user, by_session):
    ada = make_user("ada")
    send(ada, "Plain")
    send(ada, "Loud", level="error", category="billing", body="100% wrong")
    archived = send(ada, "Old")
    caller = by_session(ada)
    caller.post("inbox/mark/", {"ref": "r", "as": "archived", "ids": [archived.pk]})

    def titles(**query):
        return [row["title"] for row in caller.get("inbox/", **query).json()["notifications"]]

    assert titles() == ["Loud", "Plain"]
    assert titles(tab="archived") == ["Old"]
    assert titles(level="error") == ["Loud"]
    assert titles(category="billing") == ["Loud"]
    assert titles(category="", level="") == ["Loud", "Plain"]
    assert titles(q="100%") == ["Loud"]
    assert titles(q="%") == ["Loud"]


def test_the_categories_are_those_of_all_pages(make_user, by_session):
    ada = make_user("ada")
    for category in ("orders", "billing", ""):
        send(ada, category=category)
    send(make_user("bob"), category="not ada's")

    answered = by_session(ada).get("inbox/categories/").json()

    CategoriesOut.model_validate(answered)
    assert answered == {"categories": ["billing", "orders"]}


def test_the_inbox_of_somebody_new_is_empty(make_user, by_session):
    page = by_session(make_user("ada")).get("inbox/").json()
    assert page["notifications"] == []
    assert page["version"] == 0
    assert page["epoch"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 101}, "limit"),
        ({"limit": 0}, "limit"),
        ({"tab": "none"}, "tab"),
        ({"level": "loud"}, "level"),
        ({"before": -1}, "before"),
        ({"before": 10**30}, "before"),
        ({"q": "\0"}, "q"),
        ({"q": "x" * 201}, "q"),
        ({"category": "\0"}, "category"),
    ],
)
def test_a_wrong_query_is_refused_with_its_field(make_user, by_session, query, field):
    response = by_session(make_user("ada")).get("inbox/", **query)
    assert response.status_code == 422
    assert response.json()["error"]["code"] == "invalid"
    assert [place.partition(".")[0] for place in response.json()["error"]["fields"]] in (
        [field],
        [field, field],
    )


# Changes


def test_without_a_cursor_changes_are_a_reset(make_user, by_session):
    ada = make_user("ada")
    send(ada)
    frame = by_session(ada).get("inbox/changes/").json()
    InboxFrame.model_validate(frame)
    assert (frame["type"], frame["reset"], frame["from"], frame["to"]) == ("inbox", True, 0, 1)


def test_with_a_cursor_changes_are_what_came_since(make_user, by_session):
    ada = make_user("ada")
    send(ada, "before")
    caller = by_session(ada)
    held = caller.get("inbox/changes/").json()
    send(ada, "after")

    frame = caller.get("inbox/changes/", epoch=held["epoch"], since=held["to"]).json()

    assert (frame["from"], frame["to"]) == (1, 2)
    assert [row["title"] for row in frame["notifications"]] == ["after"]


def test_when_up_to_date_from_equals_to_and_there_are_no_rows(make_user, by_session):
    ada = make_user("ada")
    send(ada)
    caller = by_session(ada)
    held = caller.get("inbox/changes/").json()
    frame = caller.get("inbox/changes/", epoch=held["epoch"], since=held["to"]).json()
    assert (frame["from"], frame["to"], frame["notifications"]) == (1, 1, [])


def test_a_long_catch_up_takes_requests_until_from_equals_to(make_user, by_session):
    ada = make_user("ada")
    caller = by_session(ada)
    held = caller.get("inbox/changes/").json()
    for n in range(120):
        send(ada, f"{n}")

    titles, frames = [], 0
    while True:
        frame = caller.get("inbox/changes/", epoch=held["epoch"], since=held["to"]).json()
        assert frame["from"] == held["to"]
        if frame["from"] == frame["to"]:
            break
        titles += [row["title"] for row in frame["notifications"]]
        held, frames = frame, frames + 1

    assert titles == [f"{n}" for n in range(120)]
    assert frames == 3


@pytest.mark.parametrize("since", ["", "x", "-1", "1e3", "9" * 30])
def test_a_malformed_cursor_counts_as_none(make_user, by_session, since):
    ada = make_user("ada")
    epoch = by_session(ada).get("inbox/").json()["epoch"]
    assert by_session(ada).get("inbox/changes/", epoch=epoch, since=since).json()["reset"] is True


def test_a_change_that_does_not_fit_into_a_frame_is_a_reset(make_user, by_session):
    ada = make_user("ada")
    ids = [send(ada, f"{n}").pk for n in range(60)]
    caller = by_session(ada)
    held = caller.get("inbox/changes/").json()
    caller.post("inbox/mark/", {"ref": "r", "as": "seen", "ids": ids})
    frame = caller.get("inbox/changes/", epoch=held["epoch"], since=held["to"]).json()
    assert frame["reset"] is True
    assert len(frame["notifications"]) == 50


def test_a_change_with_too_many_bytes_for_a_frame_is_a_reset(make_user, by_session):
    ada = make_user("ada")
    ids = [send(ada, f"{n}", body="€" * 4000).pk for n in range(40)]
    caller = by_session(ada)
    held = caller.get("inbox/changes/").json()
    caller.post("inbox/mark/", {"ref": "r", "as": "seen", "ids": ids})
    answer = caller.get("inbox/changes/", epoch=held["epoch"], since=held["to"])
    assert answer.json()["reset"] is True
    assert len(answer.content) <= MAX_FRAME_BYTES


# Marks


def test_a_mark_answers_done_and_takes_effect(make_user, by_session):
    ada = make_user("ada")
    notice = send(ada)
    caller = by_session(ada)

    response = caller.post(
        "inbox/mark/", {"type": "mark", "ref": "m1", "as": "read", "ids": [notice.pk]}
    )

    Done.model_validate(response.json())
    assert response.json() == {"type": "done", "ref": "m1", "version": 2}
    page = caller.get("inbox/").json()
    assert (page["unseen"], page["unread"]) == (0, 0)


def test_a_mark_through_takes_all_that_arrived(make_user, by_session):
    ada = make_user("ada")
    for _ in range(3):
        send(ada)
    caller = by_session(ada)
    epoch = caller.get("inbox/").json()["epoch"]
    caller.post("inbox/mark/", {"ref": "m", "as": "read", "epoch": epoch, "through": 2})
    assert caller.get("inbox/").json()["unread"] == 1


def test_what_is_read_is_archived_and_what_is_not_stays(make_user, by_session):
    ada = make_user("ada")
    first, _second = send(ada, "first"), send(ada, "second")
    caller = by_session(ada)
    caller.post("inbox/mark/", {"ref": "m", "as": "read", "ids": [first.pk]})
    epoch = caller.get("inbox/").json()["epoch"]
    mark = {"ref": "n", "as": "archived", "epoch": epoch}
    assert caller.post("inbox/mark/", {**mark, "through_read": 3}).json()["version"] == 4
    assert [row["title"] for row in caller.get("inbox/").json()["notifications"]] == ["second"]
    refused = caller.post("inbox/mark/", {**mark, "through_read": 3, "through": 3})
    assert refused.status_code == 422


def test_a_mark_of_another_epoch_is_a_conflict_and_marks_nothing(make_user, by_session):
    ada = make_user("ada")
    send(ada)
    caller = by_session(ada)
    response = caller.post("inbox/mark/", {"ref": "m", "as": "read", "epoch": "x", "through": 2})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "epoch"
    assert caller.get("inbox/").json()["unread"] == 1


def test_opened_clears_the_badge_and_makes_nothing_seen(make_user, by_session):
    ada = make_user("ada")
    caller = by_session(ada)
    send(ada)
    send(ada)
    before = caller.get("inbox/").json()
    assert (before["unseen"], before["badge"]) == (2, 2)
    frame = {"type": "opened", "ref": "o1", "epoch": before["epoch"], "through": 1}
    for _ in range(2):
        assert caller.post("inbox/opened/", frame).json() == {
            "type": "done",
            "ref": "o1",
            "version": 3,
        }
    after = caller.get("inbox/").json()
    assert (after["unseen"], after["unread"], after["badge"]) == (2, 2, 1)
    cursor = {"epoch": before["epoch"], "since": before["version"]}
    changes = caller.get("inbox/changes/", **cursor).json()
    assert (changes["badge"], changes["notifications"]) == (1, [])


def test_opened_of_another_epoch_is_a_conflict(make_user, by_session):
    ada = make_user("ada")
    send(ada)
    frame = {"ref": "o", "epoch": "x", "through": 1}
    response = by_session(ada).post("inbox/opened/", frame)
    assert (response.status_code, response.json()["error"]["code"]) == (409, "epoch")
    assert by_session(ada).get("inbox/").json()["badge"] == 1


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"type": "mark", "ref": "o", "epoch": "e", "through": 1}, "type"),
        ({"ref": "o", "through": 1}, "epoch"),
        ({"ref": "o", "epoch": "e", "through": -1}, "through"),
    ],
)
def test_a_wrong_opened_is_refused_with_its_field(make_user, by_session, frame, field):
    response = by_session(make_user("ada")).post("inbox/opened/", frame)
    assert response.status_code == 422
    assert set(response.json()["error"]["fields"]) == {field}


def test_while_a_mark_of_everything_is_under_way_another_is_put_off(make_user, by_session):
    ada = make_user("ada")
    send(ada)
    caller = by_session(ada)
    epoch = caller.get("inbox/").json()["epoch"]
    Inbox.objects.filter(user=ada).update(marking=timezone.now())
    response = caller.post("inbox/mark/", {"ref": "m", "as": "read", "epoch": epoch, "through": 1})
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "busy"
    assert int(response["Retry-After"]) >= 1


@pytest.mark.parametrize(
    ("frame", "field"),
    [
        ({"as": "read", "ids": [1]}, "ref"),
        ({"ref": "", "as": "read", "ids": [1]}, "ref"),
        ({"ref": "r", "as": "eaten", "ids": [1]}, "as"),
        ({"ref": "r", "as": "read"}, "ids"),
        ({"ref": "r", "as": "read", "ids": []}, "ids"),
        ({"ref": "r", "as": "read", "ids": list(range(501))}, "ids"),
        ({"ref": "r", "as": "read", "ids": ["1"]}, "ids"),
        ({"ref": "r", "as": "read", "ids": [10**30]}, "ids"),
        ({"ref": "r", "as": "unread", "epoch": "e", "through": 1}, "through"),
        ({"ref": "r", "as": "read", "through": 1}, "epoch"),
        ({"type": "sync", "ref": "r", "as": "read", "ids": [1]}, "type"),
        ([], "frame"),
    ],
)
def test_a_wrong_mark_is_refused_with_its_field(make_user, by_session, frame, field):
    response = by_session(make_user("ada")).post("inbox/mark/", frame)
    assert response.status_code == 422
    if field != "frame":
        assert list(response.json()["error"]["fields"]) == [field]


def test_somebody_elses_notification_is_as_one_that_does_not_exist(make_user, by_session):
    ada, bob = make_user("ada"), make_user("bob")
    of_bob = send(bob)
    caller = by_session(ada)
    send(ada)

    answers = [
        caller.post("inbox/mark/", {"ref": "r", "as": "archived", "ids": [pk]})
        for pk in (of_bob.pk, 999_999)
    ]

    assert [(a.status_code, a.json()) for a in answers] == [
        (200, {"type": "done", "ref": "r", "version": 1})
    ] * 2
    assert Notification.objects.get(user=bob).archived is None


def test_recalled_and_deleted_things_do_not_come_back(make_user, by_session):
    ada = make_user("ada")
    notice = send(ada, "secret")
    caller = by_session(ada)
    held = caller.get("inbox/changes/").json()
    notify.recall(notice)

    response = caller.get("inbox/changes/", epoch=held["epoch"], since=held["to"])

    assert "secret" not in response.content.decode()
    assert response.json()["notifications"][0]["recalled"]


# Undo


def test_a_mark_is_undone(make_user, by_session):
    ada = make_user("ada")
    notice = send(ada)
    caller = by_session(ada)
    held = caller.get("inbox/").json()
    caller.post("inbox/mark/", {"ref": "m1", "as": "archived", "ids": [notice.pk]})
    undo = {"ref": "m2", "mark": "m1", "epoch": held["epoch"], "since": held["version"]}

    response = caller.post("inbox/undo/", undo)

    Done.model_validate(response.json())
    assert response.json() == {"type": "done", "ref": "m2", "version": 3}
    page = caller.get("inbox/").json()
    assert (page["unseen"], page["unread"]) == (1, 1)
    assert [row["id"] for row in page["notifications"]] == [notice.pk]


def test_an_undo_of_another_epoch_is_a_conflict(make_user, by_session):
    ada = make_user("ada")
    send(ada)
    undo = {"ref": "m2", "mark": "m1", "epoch": "x", "since": 1}
    response = by_session(ada).post("inbox/undo/", undo)
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "epoch"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "mark"}, "type"),
        ({"ref": ""}, "ref"),
        ({"mark": 1}, "mark"),
        ({"epoch": ""}, "epoch"),
        ({"since": "1"}, "since"),
    ],
)
def test_a_wrong_undo_is_refused_with_its_field(make_user, by_session, wrong, field):
    undo = {"ref": "m2", "mark": "m1", "epoch": "e", "since": 1, **wrong}
    response = by_session(make_user("ada")).post("inbox/undo/", undo)
    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) == [field]


# Tickets


def test_a_ticket_of_a_token_opens_a_socket_once(make_user, by_token):
    ada = make_user("ada")
    response = by_token(ada, "inbox").post("ticket/")
    TicketOut.model_validate(response.json())
    assert response.json()["expires_in"] == 60
    identity = redeem(response.json()["ticket"])
    assert identity is not None
    assert identity.user == str(ada.pk)
    assert identity.token_id == ApiToken.objects.get().pk
    assert redeem(response.json()["ticket"]) is None


def test_a_ticket_of_a_session_ends_with_it(make_user, by_session):
    caller = by_session(make_user("ada"))
    ticket = caller.post("ticket/").json()["ticket"]
    caller.client.logout()
    assert redeem(ticket) is None


class AsAda:
    """A middleware that replaces the user of the session by ada."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.user = User.objects.get(username="ada")
        return self.get_response(request)


class InANewSession(AsAda):
    """In a session that this request creates, so that it has no key yet."""

    def __call__(self, request):
        request.session.flush()
        request.session["_auth_user_id"] = str(User.objects.get(username="ada").pk)
        return super().__call__(request)


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize("middleware", ["AsAda", "InANewSession"])
def test_a_ticket_is_not_for_whom_a_middleware_put_in_the_sessions_place(
    make_user, by_session, settings, middleware, signed_in
):
    """Nothing would close its socket. HTTP requests pass through the middleware each time."""
    make_user("ada")
    caller = by_session(make_user("staff"))
    if not signed_in:
        caller.client.logout()
        caller.client.cookies["csrftoken"] = "a" * 32
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.{middleware}"]
    response = caller.post("ticket/")
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "session"
    assert "inbox/changes/" in response.json()["error"]["message"]
    assert caller.get("inbox/changes/").status_code == 200


class SignsInAda(AsAda):
    def __call__(self, request):
        ada = User.objects.get(username="ada")
        if request.user != ada:
            login(request, ada, backend="django.contrib.auth.backends.ModelBackend")
        return self.get_response(request)


@pytest.mark.parametrize("as_staff", [True, False])
@pytest.mark.parametrize("engine", ["db", "signed_cookies"])
def test_a_ticket_is_for_a_user_whom_a_middleware_signed_in_earlier(
    make_user, settings, engine, as_staff
):
    """In the request that signs in, the session still has a key that no request will send."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    ada, client = make_user("ada"), Client()
    if as_staff:
        client.force_login(make_user("staff"))
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.SignsInAda"]
    first, second = client.post("/api/notify/ticket/"), client.post("/api/notify/ticket/")
    assert first.status_code == 403
    assert first.json()["error"]["code"] == "session"
    identity = redeem(second.json()["ticket"])
    assert identity is not None
    assert identity.user == str(ada.pk)


@pytest.mark.parametrize("then", [{}, {"REMOTE_USER": "bob"}])
def test_a_ticket_of_a_remote_user_ends_when_the_proxy_names_them_no_longer(
    make_user, settings, then
):
    """As in docs/embedding.md."""
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE, "django.contrib.auth.middleware.RemoteUserMiddleware"
    ]  # fmt: skip
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.RemoteUserBackend"]
    ada, client = make_user("ada"), Client()
    make_user("bob")
    client.get("/notify/", REMOTE_USER="ada")
    ticket = client.post("/api/notify/ticket/", REMOTE_USER="ada").json()["ticket"]
    identity = redeem(ticket)
    assert identity is not None
    assert identity.user == str(ada.pk)
    assert revalidate([identity]) == {}
    client.get("/notify/", **then)
    assert revalidate([identity]) == {identity: Code.NOT_SIGNED_IN}


# XSS


def test_markup_is_told_as_text_and_as_json(make_user, by_session):
    ada = make_user("ada")
    title = "<script>alert(1)</script>"
    send(ada, title, body="<img src=x onerror=alert(1)>")
    response = by_session(ada).get("inbox/")
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response.json()["notifications"][0]["title"] == title


def test_expired_rows_are_gone_from_the_page(make_user, by_session):
    ada = make_user("ada")
    notice = send(ada, expires=timezone.now() + timedelta(hours=1))
    with transaction.atomic():
        notify.recall(notice)
    assert by_session(ada).get("inbox/").json()["notifications"] == []


def test_deleting_rows_makes_older_cursors_start_anew(make_user, by_session):
    ada = make_user("ada")
    send(ada)
    caller = by_session(ada)
    held = caller.get("inbox/changes/").json()
    upkeep.delete_rows(str(ada.pk), [Notification.objects.get().pk])
    frame = caller.get("inbox/changes/", epoch=held["epoch"], since=held["to"]).json()
    assert frame["reset"] is True


def test_who_asks_for_changes_counts_as_polling_once(make_user, by_session, monkeypatch):
    monkeypatch.setattr(metrics, "POLLING", metrics.Recent(60))
    for name in ("ada", "bob"):
        caller = by_session(make_user(name))
        caller.get("inbox/")
        for _ in range(2):
            assert caller.get("inbox/changes/").status_code == 200
    assert len(metrics.POLLING) == 2


def test_a_mark_says_in_which_language_it_was_seen(make_user, by_session):
    ada = make_user("ada")
    notices = [send(ada), send(ada), send(ada)]
    for notice, asked in zip(notices, ["?language=de", "?language=tlh", ""], strict=True):
        mark = {"ref": "r", "as": "seen", "ids": [notice.pk]}
        assert by_session(ada).post(f"inbox/mark/{asked}", mark).status_code == 200
    seen_in = Notification.objects.order_by("arrived").values_list("seen_in", flat=True)
    assert list(seen_in) == ["de", None, None]
