"""Tickets: what each opens, how long it is valid, and what it hides."""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from notify.access import authentication
from notify.access.authentication import identify
from notify.access.tickets import issue_ticket, open_ticket
from notify.sql import database
from tests.harness.sessions import new_session
from tests.harness.tickets import handshake_with, redeem

pytestmark = pytest.mark.django_db


def test_a_ticket_serves_once_and_carries_its_right(ada: User) -> None:
    session = new_session(ada)
    ticket = issue_ticket(str(ada.pk), session_key=session.session_key)
    identity = redeem(ticket)
    assert identity is not None
    assert identity.session_key == session.session_key
    assert redeem(ticket) is None


def test_of_two_concurrent_handshakes_with_one_ticket_one_is_accepted(ada: User) -> None:
    tickets_of = [issue_ticket(str(ada.pk), token_id=None) for _ in range(2)]
    scopes = [handshake_with(tickets_of[n]) for n in (0, 1, 0)]
    assert [one is not None for one in identify(scopes)] == [True, True, False]
    assert identify(scopes) == [None, None, None]


def test_a_failed_authentication_spends_no_ticket(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise OperationalError("the server closed the connection")

    ticket = issue_ticket(str(ada.pk), session_key=new_session(ada).session_key)
    monkeypatch.setattr(authentication, "revalidate", fail)
    with pytest.raises(OperationalError):
        redeem(ticket)
    monkeypatch.undo()
    assert redeem(ticket) is not None


@pytest.mark.postgres  # SQLite's clock is the process's own
@pytest.mark.parametrize("ahead_s", [86_400, -86_400])
def test_the_clock_of_a_process_does_not_count(
    ada: User, monkeypatch: pytest.MonkeyPatch, ahead_s: int
) -> None:
    """A process whose clock is wrong reads a ticket, and issues one."""
    wrong = time.time() + ahead_s
    of_a_right_clock = issue_ticket(str(ada.pk), session_key=new_session(ada).session_key)
    monkeypatch.setattr("time.time", lambda: wrong)
    of_a_wrong_clock = issue_ticket(str(ada.pk), session_key=new_session(ada).session_key)
    assert redeem(of_a_right_clock) is not None
    monkeypatch.undo()
    assert redeem(of_a_wrong_clock) is not None


def test_a_ticket_is_good_for_a_minute(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    now, session = database.now(), new_session(ada)
    issued = [issue_ticket(str(ada.pk), session_key=session.session_key) for _ in range(2)]
    monkeypatch.setattr(database, "now", lambda: now + timedelta(seconds=55))
    assert redeem(issued[0]) is not None
    monkeypatch.setattr(database, "now", lambda: now + timedelta(seconds=65))
    assert redeem(issued[1]) is None


def test_a_ticket_does_not_show_what_it_carries(ada: User) -> None:
    session = new_session(ada)
    ticket = issue_ticket(str(ada.pk), session_key=session.session_key)
    assert session.session_key is not None
    for shown in (ticket.encode(), urlsafe_b64decode(ticket)):
        assert session.session_key.encode() not in shown


def test_a_ticket_outlives_a_change_of_the_secret_key(ada: User, settings: Any) -> None:
    session = new_session(ada)
    ticket = issue_ticket(str(ada.pk), session_key=session.session_key)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert redeem(ticket) is not None


@pytest.mark.parametrize("change", ["another key", "a bit", "its end", "its time"])
def test_a_ticket_that_we_did_not_issue_identifies_nobody(
    ada: User, settings: Any, change: str
) -> None:
    ticket = issue_ticket(str(ada.pk), session_key=new_session(ada).session_key)
    token = bytearray(urlsafe_b64decode(ticket))
    if change == "another key":
        settings.SECRET_KEY = "another"
    elif change == "a bit":
        token[len(token) // 2] ^= 1
    elif change == "its end":
        del token[-1]
    else:
        token[8] += 1  # the last byte of its time
    assert redeem(urlsafe_b64encode(token).decode()) is None


@pytest.mark.parametrize("nonsense", ["", "x", "ä", "a.b:c", "=" * 99, "\x00"])
def test_nonsense_identifies_nobody(nonsense: str) -> None:
    assert open_ticket(nonsense) is None
