"""Authentication and permissions of the API."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

import notify
from notify.access.authentication import public_user_id
from notify.models import ApiToken, Notice, Notification
from notify.web import limits

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent")]

EVERY_CALL = [
    ("get", "inbox/"),
    ("get", "inbox/changes/"),
    ("post", "inbox/mark/"),
    ("post", "inbox/undo/"),
    ("post", "ticket/"),
    ("post", "notices/"),
    ("get", "notices/1/"),
    ("post", "notices/1/recall/"),
]
NOTICE = {"to": {"users": ["ada"]}, "title": "Hello"}


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_a_stranger_is_asked_to_sign_in(nobody, method, path):
    response = getattr(nobody, method)(path)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_signed_in"
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_a_token_without_the_scope_is_refused(make_user, by_token, method, path):
    wrong = "inbox" if path.startswith("notices") else "send"
    response = getattr(by_token(make_user("ada", is_superuser=True), wrong), method)(path)
    assert response.status_code == 403
    error = response.json()["error"]
    right = "send" if wrong == "inbox" else "inbox"
    assert error["code"] == "scope"
    assert error["message"] == f"This API token needs the scope `{right}`."


@pytest.mark.parametrize(("method", "path"), [call for call in EVERY_CALL if call[0] == "post"])
def test_a_session_needs_the_csrf_token(make_user, by_session, method, path):
    caller = by_session(make_user("ada", is_superuser=True), csrf=False)
    response = getattr(caller, method)(path, NOTICE)
    assert response.status_code == 403
    assert response.json()["error"]["code"] == "csrf"
    assert not Notice.objects.exists()


def test_a_token_needs_no_csrf_token_and_no_session(make_user, by_token):
    assert by_token(make_user("ada"), "inbox").post("ticket/").status_code == 200


def test_a_bad_token_is_refused_whatever_the_session_says(make_user, by_session):
    caller = by_session(make_user("ada"))
    caller.headers["Authorization"] = "Bearer ntf_forged"
    assert caller.get("inbox/").status_code == 401


def test_a_revoked_token_is_refused(make_user, by_token):
    caller = by_token(make_user("ada"), "inbox")
    assert caller.get("inbox/").status_code == 200
    ApiToken.objects.update(revoked=timezone.now())
    assert caller.get("inbox/").status_code == 401


def test_a_deactivated_user_is_refused_by_token_and_by_session(make_user, by_token, by_session):
    ada = make_user("ada")
    callers_of_ada = [by_token(ada, "inbox"), by_session(ada)]
    ada.is_active = False
    ada.save()
    assert [caller.get("inbox/").status_code for caller in callers_of_ada] == [401, 401]


def test_a_session_sends_only_with_the_permission(make_user, by_session):
    ada = make_user("ada")
    response = by_session(ada).post("notices/", NOTICE)
    assert response.status_code == 403
    assert response.json()["error"] == {
        "code": "forbidden",
        "message": "You need the permission `notify.send_notice`.",
    }
    ada.user_permissions.add(Permission.objects.get(codename="send_notice"))
    assert by_session(ada).post("notices/", NOTICE).status_code == 201


@pytest.mark.parametrize(
    ("method", "path"), [call for call in EVERY_CALL if call[1].startswith("notices")]
)
def test_a_token_sends_only_while_its_user_has_the_permission(make_user, by_token, method, path):
    ada = make_user("ada")
    permission = Permission.objects.get(codename="send_notice")
    ada.user_permissions.add(permission)
    caller = by_token(ada, "send")
    assert caller.post("notices/", NOTICE).status_code == 201
    ada.user_permissions.remove(permission)
    response = getattr(caller, method)(path, *([NOTICE] if path == "notices/" else []))
    assert response.status_code == 403
    error = response.json()["error"]
    assert error["code"] == "forbidden"
    assert error["message"] == (
        "The user of this API token needs the permission `notify.send_notice`."
    )
    assert Notice.objects.count() == 1


def test_too_many_requests_are_put_off(make_user, by_token, monkeypatch):
    monkeypatch.setattr(limits, "requests", limits.RateLimit(2))
    ada, bob = by_token(make_user("ada"), "inbox"), by_token(make_user("bob"), "inbox")
    assert [ada.get("inbox/").status_code for _ in range(3)] == [200, 200, 429]
    refused = ada.get("inbox/")
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert bob.get("inbox/").status_code == 200


def test_refused_requests_count_too(make_user, by_token, by_session, monkeypatch):
    ada = make_user("ada")
    refused = {
        "scope": by_token(ada, "inbox"),
        "forbidden": by_token(ada, "send"),
        "csrf": by_session(ada, csrf=False),
    }
    for code, caller in refused.items():
        monkeypatch.setattr(limits, "requests", limits.RateLimit(1))
        answers = [caller.post("notices/", NOTICE) for _ in range(2)]
        assert [answer.json()["error"]["code"] for answer in answers] == [code, "rate_limited"]
    monkeypatch.setattr(limits, "requests", limits.RateLimit(1))
    without_permission = by_session(ada)
    answers = [without_permission.post("notices/", NOTICE) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [403, 429]


@pytest.mark.parametrize(("method", "path"), EVERY_CALL)
def test_a_request_that_was_made_for_another_user_is_refused(make_user, by_session, method, path):
    """Before the CSRF token is checked, which the other sign-in has invalidated."""
    ada, bob = make_user("ada", is_superuser=True), make_user("bob", is_superuser=True)
    caller = by_session(bob, csrf=False)
    caller.headers["X-Notify-User"] = public_user_id(str(ada.pk))
    response = getattr(caller, method)(path)
    assert response.status_code == 412
    assert response.json()["error"]["code"] == "user"


@pytest.mark.django_db(transaction=True)
def test_a_mark_that_was_made_for_another_user_marks_nothing(make_user, by_session):
    ada, bob = make_user("ada"), make_user("bob")
    notice = notify.send(to=[ada, bob], title="To both")
    frame = {"ref": "1", "as": "read", "ids": [notice.pk]}
    caller = by_session(bob)
    caller.headers["X-Notify-User"] = public_user_id(str(ada.pk))
    assert caller.post("inbox/mark/", frame).status_code == 412
    assert not Notification.objects.filter(read__isnull=False).exists()
    caller.headers["X-Notify-User"] = public_user_id(str(bob.pk))
    assert caller.post("inbox/mark/", frame).status_code == 200
    assert [n.user_id for n in Notification.objects.filter(read__isnull=False)] == [bob.pk]


def test_a_token_ignores_the_user_of_the_page(make_user, by_token):
    caller = by_token(make_user("ada"), "inbox")
    caller.headers["X-Notify-User"] = "somebody else"
    assert caller.get("inbox/").status_code == 200
