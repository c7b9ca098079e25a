from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from notify import sql
from notify.live import probe, severing
from notify.live.probe import Probe
from tests.harness.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The database answers once the event is set."""
    goes_on = threading.Event()
    fetch = sql.fetch

    def fetch_later(*args: Any) -> Any:
        goes_on.wait()
        return fetch(*args)

    monkeypatch.setattr(sql, "fetch", fetch_later)
    monkeypatch.setattr(probe, "ANSWER_WITHIN_S", 0.05)
    yield goes_on
    goes_on.set()
    eventually(lambda: not probes(), what="the end of the threads")


def probes() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "notify-probe"]


def test_a_database_that_works_answers() -> None:
    eventually(Probe().database_answers)


def test_an_error_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("the password is secret")

    monkeypatch.setattr(sql, "fetch", fail)
    assert not Probe().database_answers()
    assert "does not answer: OperationalError" in caplog.text
    assert "secret" not in caplog.text


def test_while_it_hangs_all_callers_wait_for_one_question(hanging: threading.Event) -> None:
    found = Probe()
    assert [found.database_answers() for _ in range(3)] == [False] * 3
    assert len(probes()) == 1
    hanging.set()
    eventually(found.database_answers)  # the limit is still the short one, and this machine busy


def test_one_that_hangs_for_long_is_given_up_and_threads_are_bounded(
    hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "GIVE_UP_AFTER_S", 0)
    monkeypatch.setattr(severing, "cut_off", lambda _: None)
    found = Probe()
    for _ in range(2 * probe.MAX_HANGING):
        assert not found.database_answers()
    assert len(probes()) == probe.MAX_HANGING
