"""Authentication and revalidation, for each of Django's session engines."""

import time
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.auth.signals import user_logged_out
from django.core.cache.backends.locmem import LocMemCache
from django.test import RequestFactory
from django.utils import timezone

from notify.access import authentication, handshake, session_store
from notify.access.tickets import issue_ticket
from notify.models import EndedSession
from notify.protocol import Code
from tests.harness.process import refusing_port
from tests.harness.sessions import new_session
from tests.harness.tickets import redeem
from tests.unit.live.fakes import handshake_scope as scope

ENGINES = ["db", "cached_db", "cache", "file", "signed_cookies"]
SERVER_SIDE_ENGINES = ["db", "cached_db", "cache", "file"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def engine(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    return str(request.param)


def identify(session: Any) -> authentication.Identity | None:
    return authentication.identify([scope(f"sessionid={session.session_key}")])[0]


def close_code(identity: authentication.Identity | None) -> Code | None:
    assert identity is not None
    return authentication.revalidate([identity]).get(identity)


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_session_identifies_its_user_and_stays_valid(engine: str, ada: User) -> None:
    identity = identify(new_session(ada))
    assert identity is not None
    assert identity.user == str(ada.pk)
    assert close_code(identity) is None


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_session_ends_with_another_password(engine: str, ada: User) -> None:
    session = new_session(ada)
    identity = identify(session)
    ada.set_password("another one")
    ada.save()
    assert close_code(identity) is Code.NOT_SIGNED_IN
    assert identify(session) is None


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_session_ends_when_its_user_is_deactivated_or_deleted(engine: str, ada: User) -> None:
    identity = identify(new_session(ada))
    ada.is_active = False
    ada.save()
    assert close_code(identity) is Code.FORBIDDEN
    ada.delete()
    assert close_code(identity) is Code.NOT_SIGNED_IN


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_session_ends_at_sign_out_before_it_is_deleted(engine: str, ada: User) -> None:
    session = new_session(ada)
    identity = identify(session)
    request = RequestFactory().post("/")
    request.session = session
    user_logged_out.send(sender=User, request=request, user=ada)
    assert close_code(identity) is Code.NOT_SIGNED_IN
    assert identify(session) is None


@pytest.mark.parametrize("engine", ["db"], indirect=True)
@pytest.mark.parametrize("others", [0, 3])
def test_of_many_sessions_only_the_signed_out_ones_end(
    engine: str, ada: User, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_store, "MANY_SESSIONS", 1)
    sessions = [new_session(ada) for _ in range(3)]
    first, *rest = [identify(session) for session in sessions]
    for session in [sessions[0], *(new_session(ada) for _ in range(others))]:
        request = RequestFactory().get("/")
        request.session = session
        user_logged_out.send(User, request=request, user=ada)
    identities = [one for one in [first, *rest] if one is not None]
    assert len(identities) == 3
    assert authentication.revalidate(identities) == {first: Code.NOT_SIGNED_IN}


@pytest.mark.parametrize("engine", ["db"], indirect=True)
def test_a_session_that_has_got_a_name_does_not_end_with_its_earlier_key(
    engine: str, ada: User
) -> None:
    before = identify(new_session(ada))
    assert before is not None
    assert before.session_key is not None
    after = replace(before, session_name="a name")
    EndedSession.objects.create(
        key_hash=session_store.session_hash(before.session_key), ended=timezone.now()
    )
    assert authentication.revalidate([before, after]) == {before: Code.NOT_SIGNED_IN}


def test_a_user_model_may_have_a_session_hash_of_its_own(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "get_session_auth_hash", lambda user: f"of {user.email}")
    identity = identify(new_session(ada))
    assert close_code(identity) is None
    User.objects.filter(pk=ada.pk).update(email="ada@example.org")
    assert close_code(identity) == Code.NOT_SIGNED_IN


def test_is_active_may_be_a_property_of_the_user_model(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = identify(new_session(ada))
    monkeypatch.setattr(User, "is_active", property(lambda _: False, lambda *_: None))
    assert close_code(identity) == Code.FORBIDDEN


@pytest.mark.parametrize("engine", SERVER_SIDE_ENGINES, indirect=True)
def test_a_session_ends_when_it_is_deleted_without_a_signal(engine: str, ada: User) -> None:
    session = new_session(ada)
    identity = identify(session)
    store = import_module(f"django.contrib.sessions.backends.{engine}").SessionStore
    store(session.session_key).delete()
    assert close_code(identity) is Code.NOT_SIGNED_IN


@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_a_session_ends_when_it_expires(engine: str, ada: User, settings: Any) -> None:
    settings.SESSION_COOKIE_AGE = 2
    session = new_session(ada)
    identity = identify(session)
    assert close_code(identity) is None
    time.sleep(2.2)  # Django's engines use the real clock
    assert close_code(identity) is Code.NOT_SIGNED_IN
    assert identify(session) is None


def test_the_expiry_of_a_session_is_known_where_the_engine_knows_it(
    ada: User, settings: Any
) -> None:
    settings.SESSION_COOKIE_AGE = 3600
    identity = identify(new_session(ada))
    assert identity is not None
    assert identity.session_expires is not None
    left = identity.session_expires - timezone.now()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


@pytest.mark.parametrize("key", ["", "nonsense", "../../etc/passwd", "é"])
@pytest.mark.parametrize("engine", ENGINES, indirect=True)
def test_an_unknown_session_key_identifies_nobody(engine: str, key: str) -> None:
    assert authentication.identify([scope(f"sessionid={key}")])[0] is None


def test_a_handshake_without_a_cookie_identifies_nobody() -> None:
    assert authentication.identify([scope()])[0] is None


def test_no_session_is_lost_while_the_session_store_is_unreachable(
    ada: User, settings: Any
) -> None:
    session = new_session(ada)
    identity = identify(session)
    assert identity is not None
    with refusing_port() as port:
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{port}",
            }
        }
        with pytest.raises(session_store.SessionsUnavailable):
            identify(session)
        ticket = issue_ticket(str(ada.pk), session_key=session.session_key)
        for _ in range(2):  # it is not spent
            with pytest.raises(session_store.SessionsUnavailable):
                redeem(ticket)
        assert close_code(identity) is None
        ada.is_active = False
        ada.save()
        assert close_code(identity) is Code.FORBIDDEN


class FlickeringCache(LocMemCache):
    """Unreachable for the first call."""

    calls = 0

    def get(self, *args: Any, **kwargs: Any) -> Any:
        type(self).calls += 1
        if self.calls == 1:
            raise ConnectionError
        return super().get(*args, **kwargs)


def test_a_session_is_found_in_a_cache_that_was_unreachable_for_a_moment(
    ada: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.FlickeringCache"}}
    session = new_session(ada)
    monkeypatch.setattr(FlickeringCache, "calls", 0)
    identity = identify(session)
    assert FlickeringCache.calls > 1
    FlickeringCache.calls = 0
    assert close_code(identity) is None


def test_an_identity_shows_no_secret(ada: User) -> None:
    session = new_session(ada)
    assert str(session.session_key) not in repr(identify(session))


def test_the_public_id_of_a_user_is_opaque_and_stable() -> None:
    first, second = authentication.public_user_id("1"), authentication.public_user_id("2")
    assert first == authentication.public_user_id("1") != second
    assert first != "1"


def test_permissions_are_read_anew(ada: User) -> None:
    assert not authentication.user_has(str(ada.pk), "notify.view_operations")
    ada.user_permissions.add(Permission.objects.get(codename="view_operations"))
    assert authentication.user_has(str(ada.pk), "notify.view_operations")
    ada.is_active = False
    ada.save()
    assert not authentication.user_has(str(ada.pk), "notify.view_operations")


@pytest.mark.parametrize("key", ["\\000abcdefgh", "\\012", "\\177abc"])
def test_an_invalid_cookie_does_not_affect_other_handshakes(ada: User, key: str) -> None:
    good = scope(f"sessionid={new_session(ada).session_key}")
    strange = scope(f'sessionid="{key}"')  # Django reads \\000 as a NUL
    found = authentication.identify([good, strange])
    assert found[0] is not None
    assert found[1] is None


@pytest.mark.parametrize(
    ("headers", "query"),
    [({"content-type": "a/b; x*=nope'x'y"}, b"ticket=x"), ({}, b"ticket=x&\xff")],
    ids=["header", "query"],
)
def test_a_handshake_that_django_cannot_decode_harms_nobody(
    ada: User, headers: dict[str, str], query: bytes
) -> None:
    good = scope(f"sessionid={new_session(ada).session_key}")
    bad = scope("sessionid=x", **headers) | {"query_string": query}
    assert handshake.origin_allowed(bad)
    found = authentication.identify([bad, good])
    assert [one and one.user for one in found] == [None, str(ada.pk)]
