from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from notify.access import session_store
from notify.models import EndedSession
from tests.harness.sessions import new_session


def end(*names: str) -> None:
    EndedSession.objects.bulk_create(
        EndedSession(key_hash=session_store.session_hash(name), ended=timezone.now())
        for name in names
    )


@pytest.mark.parametrize("many", [1000, 2])
def test_of_many_names_those_that_ended_are_found(
    db: None, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(session_store, "MANY_SESSIONS", many)
    names = {f"session-{n}" for n in range(5)}
    assert session_store.ended_names(names) == set()
    end("session-1", "session-3", "of another")
    assert session_store.ended_names(names) == {"session-1", "session-3"}
    end(*(f"old-{n}" for n in range(9)))  # more than are asked for
    assert session_store.ended_names(names) == {"session-1", "session-3"}


def test_the_sessions_of_a_user_are_listed_where_the_engine_can(
    ada: User, make_user: Any, settings: Any
) -> None:
    hers = {new_session(ada).session_key for _ in range(2)}
    new_session(make_user("bob"))
    found = session_store.sessions_of(str(ada.pk))
    assert found is not None
    assert set(found) == hers
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert session_store.sessions_of(str(ada.pk)) is None
    assert session_store.uses_cookie_sessions()


def test_a_session_that_is_gone_is_lost(ada: User) -> None:
    kept, gone = (str(new_session(ada).session_key) for _ in range(2))
    session_store.store_class()(gone).delete()
    assert session_store.lost_sessions([kept, gone]) == {gone}


def test_a_session_has_the_name_of_its_sign_in_or_else_its_key() -> None:
    assert session_store.session_name("k", {session_store.NAME_KEY: "n"}) == "n"
    assert session_store.session_name("k", {}) == "k"
    assert session_store.owner_of({}) is None
    assert session_store.owner_of({"_auth_user_id": "no number"}) is None
