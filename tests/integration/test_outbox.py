"""The outbox where it meets what people do, other workers, and the end of processes."""

from __future__ import annotations

import importlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.management import call_command
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now

from notify import sending
from notify.inbox import marking, outgoing, reading, work
from notify.kinds import registry
from notify.models import Batch, Inbox, Message, Notice, OutboxItem, Preference, Reach
from notify.outbox import AddressRefused, Deferred, last_look, looking, recording, ripening, steps
from notify.outbox.claiming import claim
from notify.outbox.handing_out import hand_out
from notify.outbox.worker import OutboxWorker
from notify.sql import database
from tests.harness.postgres import Backup
from tests.harness.process import Process
from tests.harness.server import PYTHON, ROOT, environment
from tests.harness.smtp import SmtpServer
from tests.harness.waiting import eventually
from tests.integration.test_store_concurrency import (
    _patient,  # noqa: F401  a fixture
    outcome,
    result,
    somebody_waits,
    threads,
    together,
)
from tests.integration.test_wrong_clocks import LIBRARIES
from tests.unit.inbox.helpers import deliver, key, mark, people
from tests.unit.outbox import out
from tests.unit.outbox.out import Kept, declare, due, messages, states

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

SITE = "https://example.org"


@pytest.fixture(autouse=True)
def _kinds(own_kinds, announced):
    declare()


@pytest.fixture
def ada():
    return people(1, "ada")[0]


# What people do meanwhile, each from a connection of its own.


def read(user, notice):
    mark(user, "read", notice)


def read_all(user, notice):
    through_all(user, 2**40)


def through_all(user, through):
    epoch = reading.resets([key(user)])[0].epoch
    return list(marking.mark_through(key(user), "read", epoch, through))


def archive(user, notice):
    mark(user, "archived", notice)


def recall(user, notice):
    sending.recall(notice)


def expire(user, notice):
    Notice.objects.filter(pk=notice.pk).update(expires=database.now() - timedelta(seconds=1))


def mute(user, notice):
    sending.mute(user, "category:news")


def unsubscribe(user, notice):
    Preference.objects.create(user=user, scope="category:news", channel="kept", value=False)


MEANWHILE = [read, read_all, archive, recall, expire, mute, unsubscribe]
WHY = dict(
    zip(
        MEANWHILE,
        ["read", "read", "archived", "recalled", "expired", "muted", "unwanted"],
        strict=True,
    )
)


def deactivate(user, notice):
    type(user).objects.filter(pk=user.pk).update(is_active=False)


def lose_address(user, notice):
    Kept.address_of = staticmethod(lambda user: None)


@pytest.fixture
def at(monkeypatch):
    """`at("claimed", work)` runs it beside, once, when this step is reached."""

    def run(step: str, what: Callable[[], Any]) -> None:
        left = [step]

        def reached(name: str) -> None:
            if name in left:
                left.remove(name)
                with threads() as beside:
                    result(beside.start(what))

        monkeypatch.setattr(steps, "reached", reached)

    return run


@pytest.mark.parametrize("what", MEANWHILE)
@pytest.mark.parametrize("step", [None, "claimed", "rendered", "message locked"])
def test_what_is_done_before_the_last_look_prevents_it(ada, at, what, step):
    notice = due(ada)
    if step is None:  # just before the claim
        what(ada, notice)
    else:
        at(step, lambda: what(ada, notice))
    assert hand_out(key(ada), "kept") == 0
    assert Kept.handed == []
    assert states(notice) == [("skipped", WHY[what])]
    assert messages() == ([] if step is None else ["dropped"])


@pytest.mark.parametrize(("what", "why"), [(deactivate, "inactive"), (lose_address, "no address")])
@pytest.mark.parametrize("step", ["claimed", "rendered"])
def test_who_is_reached_no_more_before_the_last_look_gets_nothing(ada, at, what, why, step):
    notice = due(ada)
    at(step, lambda: what(ada, notice))
    assert hand_out(key(ada), "kept") == 0
    assert Kept.handed == []
    assert (messages(), states(notice)) == (["dropped"], [("skipped", why)])


@pytest.mark.parametrize("step", ["claimed", "rendered"])
def test_a_changed_address_gets_a_message_of_its_own_and_the_former_one_nothing(ada, at, step):
    def change():
        type(ada).objects.filter(pk=ada.pk).update(email="new@example.org")

    Kept.address_of = staticmethod(lambda user: user.email or "old@example.org")
    notice = due(ada)
    at(step, change)
    assert hand_out(key(ada), "kept") == 1
    assert [one.address for one in Kept.handed] == ["new@example.org"]
    assert (messages(), states(notice)) == (["dropped", "handed"], [("handed", "")])


@pytest.mark.parametrize("step", ["claimed", "rendered"])
def test_several_go_to_a_changed_address_together(ada, at, step):
    def change():
        type(ada).objects.filter(pk=ada.pk).update(email="new@example.org")

    Kept.address_of = staticmethod(lambda user: user.email or "old@example.org")
    notices = [due(ada, str(number)) for number in range(3)]
    at(step, change)
    assert hand_out(key(ada), "kept") == 1
    assert [(one.address, len(one.rows)) for one in Kept.handed] == [("new@example.org", 3)]
    assert [states(notice) for notice in notices] == [[("handed", "")]] * 3
    assert set(OutboxItem.objects.values_list("tries", flat=True)) == {0}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_is_done_after_it_is_too_late(ada, at, what):
    notice = due(ada)
    at("sending", lambda: what(ada, notice))
    assert hand_out(key(ada), "kept") == 1
    assert len(Kept.handed) == 1
    assert states(notice) == [("handed", "")]


def test_control_a_look_before_the_lock_misses_what_is_read_meanwhile(ada, monkeypatch):
    notice = due(ada)
    look, before = looking.look, list[Any]()

    def reached(name: str) -> None:
        if name == "message locked" and not before:
            items = OutboxItem.objects.annotate(looked=Now())
            found = look(items, key(ada), "kept", database.now())
            before.extend(found)
            with threads() as beside:
                result(beside.start(read, ada, notice))

    monkeypatch.setattr(steps, "reached", reached)
    monkeypatch.setattr(looking, "look", lambda *args: [before.pop()] if before else look(*args))
    hand_out(key(ada), "kept")
    assert len(Kept.handed) == 1


@pytest.mark.parametrize("what", [read, read_all, archive])
def test_a_mark_waits_for_a_claim(ada, what, monkeypatch):
    notice = due(ada)
    marks: list[Future[Any]] = []
    with threads() as beside:

        def reached(name: str) -> None:
            if name == "items chosen" and not marks:
                marks.append(beside.start(what, ada, notice))
                somebody_waits()
            elif name == "rendered":
                result(marks[0])

        monkeypatch.setattr(steps, "reached", reached)
        assert hand_out(key(ada), "kept") == 0
    assert states(notice) == [("skipped", WHY[what])]


def test_a_claim_passes_an_inbox_that_somebody_has(ada, monkeypatch):
    notice = due(ada)
    tried = list[bool]()

    def reached(name: str) -> None:
        if name == "inbox locked" and not tried:
            tried.append(True)
            with threads() as beside:
                assert result(beside.start(hand_out, key(ada), "kept")) == 0

    monkeypatch.setattr(steps, "reached", reached)
    assert hand_out(key(ada), "kept") == 1
    assert tried
    assert states(notice) == [("handed", "")]


@pytest.mark.parametrize(
    ("step", "waits"),
    [
        ("inbox locked", True),
        ("items chosen", True),
        ("message made", True),
        ("claimed", False),
        ("message locked", True),
        ("looked", True),
        ("sending", False),
    ],
)
def test_what_waits_is_ended_before_or_after_a_claim_and_a_last_look(ada, step, waits, monkeypatch):
    notice = due(ada)
    ends: list[Future[Any]] = []
    with threads() as beside:

        def reached(name: str) -> None:
            if name == step and not ends:
                ends.append(beside.start(outgoing.end_all))
                somebody_waits() if waits else result(ends[0])
            elif ends and name in {"rendered", "sending"}:
                result(ends[0])

        monkeypatch.setattr(steps, "reached", reached)
        sent = hand_out(key(ada), "kept")
    assert len(Kept.handed) == sent
    if step in {"message locked", "looked", "sending"}:  # unknown, until its worker says more
        assert (sent, messages(), states(notice)) == (1, ["handed"], [("handed", "")])
    else:
        assert (sent, messages(), states(notice)) == (0, ["dropped"], [("skipped", "restored")])


def test_a_restore_beside_workers_meets_no_deadlock_and_no_message_goes_unnoted():
    several = people(40)
    for n in range(3):
        due(several, str(n))
    order = [key(one) for one in several]
    claims = [
        outcome(lambda keys=keys: [hand_out(one, "kept") for one in keys])
        for keys in (order, order[::-1])
    ]
    outcomes = together(*claims, outcome(outgoing.end_all), outcome(outgoing.end_all))
    assert not [one for one in outcomes if isinstance(one, Exception)]
    found = Counter(OutboxItem.objects.values_list("state", flat=True))
    assert found.keys() <= {"handed", "skipped"}
    assert found["handed"] == sum(len(one.rows) for one in Kept.handed)


def test_two_passes_ripen_a_batch_once(monkeypatch):
    out.sent(people(5))
    Batch.objects.update(due=F("due") - timedelta(seconds=1))
    passes = list[Any]()

    def reached(name: str) -> None:
        if name == "items made" and not passes:
            with threads() as beside:
                passes.append(result(beside.start(ripening.ripen_next)))

    monkeypatch.setattr(steps, "reached", reached)
    assert ripening.ripen_next() == 5
    assert passes == [None]
    assert OutboxItem.objects.count() == 5


def test_claims_beside_marks_and_a_fan_out_meet_no_deadlock():
    several = people(60)
    for n in range(3):
        due(several, str(n))
    order = [key(one) for one in several]

    def claims(keys):
        return lambda: [hand_out(one, "kept") for one in keys]

    def marks():
        for one in reversed(several):
            through_all(one, 2)

    def fans_out():
        for n in range(10):
            deliver(several, f"fan-out {n}")
            while work.carry_out_next() is not None:
                pass

    outcomes = together(
        outcome(claims(order)), outcome(claims(order[::-1])), outcome(marks), outcome(fans_out)
    )
    assert not [one for one in outcomes if isinstance(one, Exception)]
    for one in order:
        hand_out(one, "kept")
    told = Counter((one.user.pk, row["id"]) for one in Kept.handed for row in one.rows)
    assert max(told.values()) == 1
    assert not OutboxItem.objects.filter(state__in=["waiting", "taken"]).exists()


def test_workers_beside_a_fan_out_of_5000_to_the_same_people_meet_no_deadlock():
    several = people(5000)
    first = due(several)
    fanned_out = threading.Event()

    def works():
        worker = OutboxWorker()
        while not fanned_out.is_set():
            worker.do_next()

    def fans_out():
        try:
            for n in range(3):
                out.committed_send(out.kind("t.news")(text=str(n)), several)
            eventually(lambda: OutboxItem.objects.exclude(notice=first).exists(), 30)
        finally:
            fanned_out.set()

    outcomes = together(outcome(works), outcome(works), outcome(fans_out))
    assert not [one for one in outcomes if isinstance(one, Exception)]
    told = Counter((one.user.pk, row["id"]) for one in Kept.handed for row in one.rows)
    assert max(told.values()) == 1
    states = Counter(OutboxItem.objects.values_list("state", flat=True))
    assert states.keys() <= {"handed", "waiting"}
    assert states["handed"] == len(told)
    assert set(Inbox.objects.values_list("version", flat=True)) == {4}


def test_an_address_stays_closed_while_another_message_to_it_is_deferred(ada, monkeypatch):
    claims = [(due(ada, text), claim(key(ada), "kept"))[1] for text in ("first", "second")]
    for one in claims:
        assert last_look.look(one.message.pk, one.told) is one.told
    first, second = (one.message.pk for one in claims)
    close, deferred = recording._close, list[Any]()
    with threads() as beside:

        def closes(*args):
            close(*args)
            late = recording.result_of(Deferred("Busy"))
            deferred.append(beside.start(recording.record, second, late))
            somebody_waits()

        monkeypatch.setattr(recording, "_close", closes)
        recording.record(first, recording.result_of(AddressRefused("No such user")))
        assert result(deferred[0])
    assert Reach.objects.get().closed is not None


# Processes.


@pytest.fixture(scope="module")
def sink(tmp_path_factory) -> Iterator[SmtpServer]:
    with SmtpServer(tmp_path_factory.mktemp("smtp")) as server:
        yield server


@pytest.fixture
def parcels(monkeypatch):
    """The kind of tests/outbox_project, in this process, too."""
    monkeypatch.setattr(registry, "_kinds", {})
    module = importlib.import_module("tests.outbox_project.notices")
    registry.register(module.Parcel)
    return module.Parcel


@pytest.fixture
def start(tmp_path: Path, sink: SmtpServer) -> Iterator[Callable[..., Process]]:
    """`start(OUTBOX_AT="claimed", …)`: a process of `notify_work` in that project."""
    found: list[Process] = []

    def begin(**variables: str) -> Process:
        command = [PYTHON, str(ROOT / "manage.py"), "notify_work"]
        env = of_project(sink, **variables)
        found.append(Process(command, log=tmp_path / f"worker-{len(found)}.log", env=env))
        found[-1].start()
        return found[-1]

    yield begin
    for process in found:
        process.stop()
        print(process.log)  # noqa: T201  pytest shows it with a failure


def of_project(sink: SmtpServer, **variables: str) -> dict[str, str]:
    return environment(
        DJANGO_SETTINGS_MODULE="tests.outbox_project.settings",
        SMTP_PORT=str(sink.port),
        NOTIFY_SITE_URL=SITE,
        OUTBOX_LEASE_S="1",
        **variables,
    )


def send(parcel: Any, *users: Any) -> Notice:
    for user in users:
        user.email = f"{user.username}@example.org"
    type(users[0]).objects.bulk_update(users, ["email"])
    return out.committed_send(parcel(number="A-7"), users)


def mails(sink: SmtpServer, *users: Any) -> Counter[str]:
    """How many each of them got."""
    wanted = {f"{user.username}@example.org" for user in users}
    found = [mail["X-Rcpt-To"] for mail in sink.taken]
    return Counter(address for address in found if address in wanted)


def ended(notice: Notice) -> bool:
    left = OutboxItem.objects.filter(notice=notice, state__in=["waiting", "taken"])
    ripens = Batch.objects.filter(notice=notice, state="ripening")
    return not ripens.exists() and not left.exists()


@pytest.mark.parametrize("step", steps.STEPS)
def test_a_worker_that_is_killed_at_any_step_leads_to_one_mail_or_to_unknown(
    step, parcels, sink, start
):
    [user] = people(1, f"killed-{steps.STEPS.index(step)}")
    notice = send(parcels, user)
    killed = start(OUTBOX_AT=step, OUTBOX_DO="SIGKILL")
    assert killed.wait(30) == -9, killed.log
    start()
    eventually(lambda: ended(notice), 30, what="the items")
    state = OutboxItem.objects.get(notice=notice).state
    if step in {"sending", "handed over", "recording"}:
        assert state == "unknown"
        assert mails(sink, user).total() == (0 if step == "sending" else 1)
    else:
        assert state == "handed"
        assert mails(sink, user).total() == 1


@pytest.mark.parametrize("step", ["inbox locked", "claimed", "rendered"])
def test_a_worker_that_sleeps_before_the_last_look_sends_nothing_more(step, parcels, sink, start):
    [user] = people(1, f"slept-{steps.STEPS.index(step)}")
    notice = send(parcels, user)
    sleeping = start(OUTBOX_AT=step, OUTBOX_DO="SIGSTOP")
    eventually(lambda: is_stopped(sleeping), 30, what="its sleep")
    start()
    if step == "inbox locked":  # it has the lock, and nobody else gets it
        sleeping.resume()
    eventually(lambda: ended(notice), 30, what="the items")
    sleeping.resume()
    assert sleeping.terminate() == 0
    assert mails(sink, user).total() == 1
    assert states(notice) == [("handed", "")]


@pytest.mark.parametrize("step", ["sending", "handed over"])
def test_a_worker_that_sleeps_in_the_hand_over_says_late_what_became_of_it(
    step, parcels, sink, start
):
    [user] = people(1, f"late-{steps.STEPS.index(step)}")
    notice = send(parcels, user)
    sleeping = start(OUTBOX_AT=step, OUTBOX_DO="SIGSTOP")
    eventually(lambda: is_stopped(sleeping), 30, what="its sleep")
    start()
    eventually(lambda: states(notice)[0][0] == "unknown", 30, what="the end of the lease")
    sleeping.resume()
    eventually(lambda: states(notice) == [("handed", "")], 30, what="the late answer")
    assert mails(sink, user).total() == 1


def is_stopped(process: Process) -> bool:
    status = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    return status == "T"


@pytest.mark.parametrize("workers", [2, 5])
def test_several_workers_send_each_copy_once(workers, parcels, sink, start):
    several = people(120, f"of-{workers}")
    notice = send(parcels, *several)
    for _ in range(workers):
        start()
    eventually(lambda: ended(notice), 60, what="the items")
    assert set(mails(sink, *several).values()) == {1}
    assert mails(sink, *several).total() == 120
    assert {state for state, _ in states(notice)} == {"handed"}


def test_2000_that_are_due_at_once_take_one_connection(parcels, sink, start):
    several = people(2000, "many")
    notice = send(parcels, *several)
    start()
    eventually(lambda: ended(notice), 300, what="the items")
    assert {state for state, _ in states(notice)} == {"handed"}
    found = [mail for mail in sink.taken if mail["X-Rcpt-To"].startswith("many-")]
    assert len({mail["X-Rcpt-To"] for mail in found}) == len(found) == 2000
    assert len({mail["X-Connection"] for mail in found}) == 1


def test_workers_whose_clocks_are_an_hour_off_send_what_is_due_and_nothing_else(
    parcels, sink, start
):
    several = people(20, "timely")
    notice, later = send(parcels, *several), send(parcels, *several)
    out.ripen()
    in_half_an_hour = database.now() + timedelta(minutes=30)
    OutboxItem.objects.filter(notice=later).update(ripe=in_half_an_hour)
    for offset in ("-1h", "+1h"):
        start(LD_PRELOAD=str(LIBRARIES[0]), FAKETIME=offset, FAKETIME_DONT_FAKE_MONOTONIC="1")
    eventually(lambda: ended(notice), 60, what="the items")
    assert mails(sink, *several) == dict.fromkeys(mails(sink, *several), 1)
    assert mails(sink, *several).total() == 20
    assert {state for state, _ in states(later)} == {"waiting"}
    for message in Message.objects.all():
        assert timedelta(0) < message.lease - message.sending < timedelta(minutes=1)
        assert abs(message.ended - database.now()) < timedelta(minutes=5)


@pytest.mark.parametrize("step", ["inbox locked", "claimed", "handed over"])
def test_a_database_that_is_restarted_costs_no_mail_and_no_second_one(
    step, parcels, sink, start, postgres_server
):
    [user] = people(1, f"restarted-{steps.STEPS.index(step)}")
    notice = send(parcels, user)
    worker = start(OUTBOX_AT=step, OUTBOX_DO="SIGSTOP")
    eventually(lambda: is_stopped(worker), 30, what="its sleep")
    connections.close_all()
    postgres_server.restart("immediate")  # as in a crash
    worker.resume()
    eventually(lambda: states(notice) == [("handed", "")], 60, what="the mail")
    assert mails(sink, user).total() == 1
    assert set(messages()) <= {"dropped", "handed"}


@pytest.mark.parametrize("told_by", ["notify_restored", "timeline", "nothing"])
def test_a_backup_that_is_restored_mails_nothing_that_went_since(  # noqa: PLR0917  (fixtures)
    told_by, parcels, sink, start, postgres_server, tmp_path
):
    """`nothing` is the control: files that were put back, of which nobody is told."""
    [user] = people(1, f"restored-{told_by}")
    waits = send(parcels, user)
    out.ripen()
    ripens = send(parcels, user)
    connections.close_all()
    backup = Backup(postgres_server, tmp_path)
    worker = start()
    eventually(lambda: ended(waits) and ended(ripens), 30, what="the mails")
    assert worker.terminate() == 0
    went = mails(sink, user).total()
    connections.close_all()
    backup.restore(new_timeline=told_by == "timeline")
    assert (states(waits), states(ripens)) == ([("waiting", "")], [])
    if told_by == "notify_restored":
        call_command("notify_restored")
    later = send(parcels, user)
    start()
    eventually(lambda: all(map(ended, [waits, ripens, later])), 30, what="the items")
    assert states(later) == [("handed", "")]
    if told_by == "nothing":
        assert states(waits) == states(ripens) == [("handed", "")]
    else:
        assert (states(waits), states(ripens)) == ([("skipped", "restored")], [])
        assert mails(sink, user).total() == went + 1


@pytest.mark.parametrize("address", ["drop", "dropdata", "unknown", "later"])
def test_what_the_server_answers_is_what_becomes_of_it(address, parcels, sink, start):
    [user] = people(1, "answered")
    notice = send(parcels, user)
    before = len(sink.taken)
    type(user).objects.update(email=f"{address}@example.org")
    start()
    expected = {
        "drop": ("unknown", "unknown", 1),
        "dropdata": ("deferred", "waiting", 0),
        "unknown": ("refused", "refused", 0),
        "later": ("deferred", "waiting", 0),
    }
    message, item, taken = expected[address]
    eventually(lambda: messages() == [message], 30, what="the answer")
    assert states(notice)[0][0] == item
    assert len(sink.taken) - before == taken


def test_a_server_sends_by_itself(parcels, sink, start_server):
    [user] = people(1, "served")
    notice = send(parcels, user)
    server = start_server(
        DJANGO_SETTINGS_MODULE="tests.outbox_project.settings",
        SMTP_PORT=str(sink.port),
        NOTIFY_SITE_URL=SITE,
    )
    httpx.get(f"{server.url}/healthz")
    eventually(lambda: states(notice) == [("handed", "")], 30, what="the mail")
    assert mails(sink, user).total() == 1
    assert Message.objects.get().address == f"{user.username}@example.org"
