"""What people want, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

import notify
from notify.bus.publisher import publisher
from notify.kinds import registry
from notify.models import Mute, Notification, Place, Preference, Reader, Subscription
from notify.web.api.preference_schemas import (
    Follows,
    MuteOut,
    Mutes,
    Preferences,
    ReaderOut,
    WhyOut,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ada(make_user: Any) -> User:
    user: User = make_user("ada")
    return user


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    told: list[Any] = []
    monkeypatch.setattr(publisher, "publish_preferences", lambda *what: told.append(what))
    return told


# Preferences


def test_preferences_are_as_the_openapi_document_says(ada: User, by_session: Any) -> None:
    notify.send(to=ada, title="Hello", category="billing")
    answer = by_session(ada).get("preferences/")
    found = answer.json()
    Preferences.model_validate(found)
    assert {"account", "billing", "security"} <= {one["key"] for one in found["categories"]}
    assert found["all"]["inbox"] == {
        "value": True,
        "rhythm": "",
        "decided_by": "nothing",
        "locked": False,
        "chosen": None,
        "by_default": True,
        "rhythm_by_default": "",
        "text": "This site's default",
    }
    [security] = [one for one in found["categories"] if one["key"] == "security"]
    assert {kind["channels"]["inbox"]["decided_by"] for kind in security["kinds"]} == {"required"}
    assert answer["Cache-Control"] == "no-store"


def test_how_often_is_chosen_where_it_leaves_the_browser(
    ada: User, by_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_kinds", {})

    class Mailed(notify.Kind):
        key = "shop.mailed"
        channels = [notify.Email()]

    caller = by_session(ada)
    body = {"scope": "kind:shop.mailed", "channel": "email", "value": True, "rhythm": "daily"}
    found = caller.put("preferences/", body).json()
    Preferences.model_validate(found)
    [other] = found["categories"]
    assert other["kinds"][0]["channels"]["email"]["rhythm"] == "daily"
    for wrong in ({"rhythm": "yearly"}, {"channel": "inbox"}, {"value": False}):
        assert caller.put("preferences/", body | wrong).status_code == 422
    assert Preference.objects.get().rhythm == "daily"


def test_a_write_changes_what_it_names_and_nothing_else(
    ada: User, by_session: Any, told: Any
) -> None:
    caller = by_session(ada)
    for scope, value in (("category:billing", False), ("all", True), ("all", None)):
        answer = caller.put("preferences/", {"scope": scope, "channel": "inbox", "value": value})
        assert answer.status_code == 200
    found = answer.json()
    [billing] = [one for one in found["categories"] if one["key"] == "billing"]
    assert billing["channels"]["inbox"]["decided_by"] == "own_category"
    assert [(one.scope, one.value) for one in Preference.objects.all()] == [
        ("category:billing", False)
    ]
    assert told == [(str(ada.pk), "preferences")] * 3
    notify.send(to=ada, title="Hello", category="billing")
    assert Notification.objects.get().place == Place.FILED


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "thing:a:b", "value": True}, "scope"),
        ({"scope": "all", "channel": "fax", "value": True}, "channel"),
        ({"scope": "all"}, "value"),
        ({"scope": "all", "value": "yes"}, "value"),
        ({"scope": "kind:notify.new_device", "value": False}, "value"),
    ],
)
def test_what_cannot_be_chosen_is_422_and_names_the_field(
    ada: User, by_session: Any, body: Any, field: str
) -> None:
    answer = by_session(ada).put("preferences/", body)
    assert answer.status_code == 422
    assert field in str(answer.json()["error"]["fields"])
    assert not Preference.objects.exists()


def test_language_zone_and_quiet_hours(ada: User, by_session: Any, told: Any) -> None:
    caller = by_session(ada)
    body = {"zone": "Europe/Berlin", "quiet": {"start": "22:00", "end": "07:00"}}
    assert caller.put("reader/", body).json() == {**body, "language": ""}
    found = caller.put("reader/", {"language": "de"}).json()
    ReaderOut.model_validate(found)
    assert found == {**body, "language": "de"}
    assert caller.put("reader/", {"quiet": None}).json()["quiet"] is None
    assert caller.get("preferences/").json()["zone"] == "Europe/Berlin"
    assert told == [(str(ada.pk), "reader")] * 3
    assert caller.put("reader/", {"zone": "Mars"}).status_code == 422
    assert Reader.objects.get().zone == "Europe/Berlin"


def test_without_the_csrf_token_nothing_is_written(ada: User, by_session: Any) -> None:
    caller = by_session(ada, csrf=False)
    assert caller.put("preferences/", {"scope": "all", "value": False}).status_code == 403
    assert caller.delete("follows/", topic="a").status_code == 403
    assert not Preference.objects.exists()


def test_a_program_needs_the_scope_inbox(ada: User, by_token: Any) -> None:
    assert by_token(ada, "send").get("preferences/").status_code == 403
    assert by_token(ada, "inbox").get("preferences/").status_code == 200


# Mutes


def test_things_people_topics_and_categories_are_muted_and_listed(
    ada: User, make_user: Any, by_session: Any, told: Any
) -> None:
    caller, bob = by_session(ada), make_user("bob", first_name="Bob", last_name="Ross")
    stranger = make_user("cleo")
    notify.send(to=ada, title="Hello", actor=bob)
    for target in ("thing:order:A:7", f"actor:{bob.pk}", "topic:post:3", "category:security"):
        answer = caller.post("mutes/", {"target": target, "seconds": 3600})
        assert answer.status_code == 201
        MuteOut.model_validate(answer.json())
    for target in (f"actor:{stranger.pk}", "actor:no key"):
        assert caller.post("mutes/", {"target": target}).json()["until"] is None
    found = caller.get("mutes/").json()
    Mutes.model_validate(found)
    assert [(one["type"], one["name"]) for one in found["mutes"]] == [
        ("actor", "no key"),
        ("actor", str(stranger.pk)),
        ("category", "Security"),
        ("topic", "post:3"),
        ("actor", "Bob Ross"),
        ("thing", "order A:7"),
    ]
    assert told == [(str(ada.pk), "mutes")] * 6


def test_a_mute_is_taken_back_by_its_owner_alone(
    ada: User, make_user: Any, by_session: Any
) -> None:
    muted = notify.mute(make_user("bob"), "topic:a")
    own = by_session(ada).post("mutes/", {"target": "topic:a"}).json()["id"]
    assert by_session(ada).delete(f"mutes/{muted.pk}/").status_code == 404
    assert by_session(ada).delete(f"mutes/{own}/").json() == {"id": own}
    assert by_session(ada).delete(f"mutes/{own}/").status_code == 404
    assert Mute.objects.get() == muted


def test_what_is_off_or_muted_counts_nowhere(ada: User, by_session: Any) -> None:
    notify.prefer(ada, "category:news", value=False)
    notify.mute(ada, "category:ads")
    for category in ("food", "news", "ads"):
        notify.send(to=ada, title=category, category=category)
    caller = by_session(ada)
    page, frame = caller.get("inbox/").json(), caller.get("inbox/changes/").json()
    assert [(one["unseen"], one["unread"]) for one in (page, frame)] == [(1, 1)] * 2
    assert frame["badge"] == 1
    for found in (page, frame, caller.get("inbox/", tab="unread").json()):
        assert [row["title"] for row in found["notifications"]] == ["food"]
    archive = caller.get("inbox/", tab="archived").json()["notifications"]
    assert [row["title"] for row in archive] == ["ads", "news"]


def test_until_a_time(ada: User, by_session: Any) -> None:
    caller, tomorrow = by_session(ada), timezone.now() + timedelta(days=1)
    answer = caller.post("mutes/", {"target": "topic:a", "until": tomorrow.isoformat()})
    assert answer.status_code == 201
    assert Mute.objects.get().until == tomorrow


@pytest.mark.parametrize(
    "body",
    [
        {"target": "all"},
        {"target": "topic:a", "seconds": 0},
        {"target": "topic:a", "until": "2020-01-01T00:00:00Z"},
        {"target": "topic:a", "until": "2099-01-01T00:00:00"},
        {"target": "topic:a", "until": "2099-01-01T00:00:00Z", "seconds": 60},
        {},
    ],
)
def test_what_cannot_be_muted_is_422(ada: User, by_session: Any, body: Any) -> None:
    assert by_session(ada).post("mutes/", body).status_code == 422
    assert not Mute.objects.exists()


# Topics


def allow_posts(user: User, topic: str) -> bool:
    return topic.startswith("post:")


def test_topics_that_the_project_allows_are_followed(
    ada: User, by_session: Any, settings: Any, told: Any
) -> None:
    settings.NOTIFY_MAY_FOLLOW = f"{__name__}.allow_posts"
    caller = by_session(ada)
    assert caller.post("follows/", {"topic": "post:3"}).status_code == 201
    assert caller.post("follows/", {"topic": "post:3"}).status_code == 200
    assert caller.post("follows/", {"topic": "secret"}).status_code == 403
    assert caller.post("follows/", {"topic": ""}).status_code == 422
    found = caller.get("follows/").json()
    Follows.model_validate(found)
    assert [one["topic"] for one in found["follows"]] == ["post:3"]
    assert caller.delete("follows/", topic="post:3").json() == {
        "topic": "post:3",
        "followed": True,
    }
    assert caller.delete("follows/", topic="post:3").json()["followed"] is False
    assert told == [(str(ada.pk), "follows")] * 2


def test_without_a_word_of_the_project_nobody_follows_by_request(
    ada: User, by_session: Any
) -> None:
    assert by_session(ada).post("follows/", {"topic": "post:3"}).status_code == 403
    assert not Subscription.objects.exists()


def test_a_program_sends_to_a_topic(ada: User, make_user: Any, by_token: Any) -> None:
    boss = make_user("boss", is_superuser=True)
    notify.follow(ada, "post:3")
    body = {"to": {"topics": ["post:3"]}, "title": "Hello"}
    assert by_token(boss, "send").post("notices/", body).json()["recipients"] == 1
    body = {"to": {"topics": ["\n"]}, "title": "Hello"}
    assert by_token(boss, "send").post("notices/", body).status_code == 422


# Why


def test_why_tells_the_reason_and_the_rule(ada: User, make_user: Any, by_session: Any) -> None:
    notify.prefer(ada, "category:news", value=False)
    notice = notify.send(to=notify.everyone(), title="Hello", category="news")
    found = by_session(ada).get(f"inbox/{notice.pk}/why/").json()
    WhyOut.model_validate(found)
    assert found == {
        "notice": notice.pk,
        "reason": "everyone",
        "reason_text": "Sent to everyone",
        "topics": [],
        "place": "filed",
        "rule": {
            "value": False,
            "decided_by": "own_category",
            "text": "Your choice for news",
            "scope": "category:news",
        },
    }
    other = make_user("bob")
    assert by_session(other).get(f"inbox/{notice.pk}/why/").status_code == 404
