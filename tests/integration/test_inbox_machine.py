"""Any sequence of what may happen leaves each client equal to the database, and the counts right.

The limits are small, so that windows, resets, cut frames and marks in batches are met by a dozen
notices. Hypothesis draws the sequences; a failure prints the steps that lead to it, and a line
that repeats them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import notify
from notify import protocol, sending
from notify.bus import hints
from notify.bus.publisher import publisher
from notify.changes import Change, Reading
from notify.exceptions import Busy, EpochChanged
from notify.inbox import marking, opening, reading, recalling, retention, stepping, upkeep
from notify.inbox.turns import OPEN
from notify.models import Batch, Inbox, Mute, Notice, Notification, Place, Preference
from notify.protocol import inbox_frames
from notify.sending.audience import everyone
from tests.integration.inbox_world import Flags, Socket, World, counted, flags_of, versions_of
from tests.unit.inbox.helpers import key, people

LIMITS: list[tuple[Any, str, int]] = [
    (reading, "MAX_CHANGED_ROWS", 6),
    (reading, "MAX_ROWS_OF_A_VERSION", 3),
    (inbox_frames, "MAX_FRAME_ROWS", 3),
    (recalling, "MAX_COPIES", 1),
    (inbox_frames, "MAX_FRAME_BYTES", 2500),
    (hints, "MAX_ROWS_BYTES", 2000),
    (marking, "MAX_ROWS_PER_CHANGE", 3),
    (stepping, "MAX_ROWS_IN_CHANGE", 2),
    (retention, "PAUSE_S", 0),
]
EXPIRES = datetime(2099, 1, 1, tzinfo=UTC)

numbers = st.integers(0, 9)
some = st.lists(numbers, min_size=1, max_size=3)  # not more than ROWS_A_CHANGE, as in life
some_value = st.sampled_from([True, False, None])
categories = st.sampled_from(["", "news"])
ARCHIVED_IF_READ = "archived, only what is read"
announced: list[Change] = []


class Marked(NamedTuple):
    """A mark that was made, and what it has changed: how it was, and the version that it got."""

    user: str
    ref: str
    head: Reading
    since: int
    changed: dict[int, tuple[Flags, int]]


class InboxMachine(RuleBasedStateMachine):
    """Two users, one of whom has two clients; a batch for each."""

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.users: list[User] = people(2)
        reading.resets([key(user) for user in self.users])
        announced.clear()
        self.world = World(self.users, [0, 0, 1], announced)
        self.notices: list[Notice] = []
        self.keys = count()
        self.marking: Iterator[Any] | None = None  # a mark of everything that is under way
        self.marks: list[Marked] = []

    def teardown(self) -> None:
        try:
            self.half_a_minute_passes()
            self.world.calm = True
            self.world.do(lambda: None)
            recalled = Notification.objects.filter(notice__recalled__isnull=False)
            assert not recalled.exclude(place=Place.RECALLED).exists()
            assert not Batch.objects.filter(state__in=OPEN).exists()
            self.world.everybody_comes_back()
        finally:
            self.marking = None
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @initialize(calm=st.booleans())
    def begin(self, calm: bool) -> None:
        for socket in self.world.sockets:
            self.world.catch_up(socket, None)
        for _ in range(3):
            self.send_to(everyone())
        self.world.calm = calm

    @invariant()
    def all_is_right(self) -> None:
        self.world.check()

    # What the project does

    @rule(to=st.sets(st.integers(0, 1), min_size=1), long=st.booleans(), category=categories)
    def send(self, to: set[int], long: bool, category: str) -> None:
        body = "ü" * 450 if long else ""
        self.send_to([self.users[n] for n in sorted(to)], body=body, category=category)

    @rule(to=st.lists(st.integers(0, 1), min_size=2, max_size=4), category=categories)
    def send_together(self, to: list[int], category: str) -> None:
        """In one transaction: one change each, in this order."""

        def send() -> list[Notice]:
            users = [self.users[n] for n in to]
            return [sending.send(to=one, title="Of several", category=category) for one in users]

        notices = self.world.do(send)
        self.notices += notices
        for user in self.users:
            arrived = user.notify_notifications.filter(notice__in=notices).order_by("arrived")
            found = list(arrived.values_list("notice", "version"))
            assert [notice for notice, _ in found] == sorted(notice for notice, _ in found)

    @rule(
        to=st.lists(st.sets(st.integers(0, 1), min_size=1), min_size=1, max_size=4),
        category=categories,
    )
    def send_many(self, to: list[set[int]], category: str) -> None:
        """What is for one of the two is in the order of the list, and one change."""

        def send() -> list[Notice]:
            return notify.send_many(
                notify.NewNotice(
                    to=[self.users[n] for n in sorted(some)],
                    title=f"{n} of many",
                    category=category if n % 2 else "",
                )
                for n, some in enumerate(to)
            )

        notices = self.world.do(send)
        assert [notice.title for notice in notices] == [f"{n} of many" for n in range(len(to))]
        self.notices += notices

    @rule(user=numbers, how=st.sampled_from(["rolled back", "repeated"]))
    def send_oddly(self, user: int, how: str) -> None:
        recipient = self.one_of(self.users, user)
        if how == "repeated":
            said: dict[str, Any] = {
                "title": "key",
                "key": f"key {next(self.keys)}",
                "expires": EXPIRES,
            }
            first = self.send_to(recipient, **said)
            assert self.world.do(lambda: sending.send(to=recipient, **said)) == first
        else:
            self.world.do(lambda: self.send_and_roll_back(recipient))

    @staticmethod
    def send_and_roll_back(to: User) -> None:
        with transaction.atomic():
            sending.send(to=to, title="never")
            sending.send_many([sending.NewNotice(to=to, title="never")])
            transaction.set_rollback(True)

    @rule()
    def a_worker_comes(self) -> None:
        self.world.do(sending.carry_out_next)

    @rule()
    def half_a_minute_passes(self) -> None:
        """What a process has left behind is for the workers now."""
        Batch.objects.update(due=F("due") - timedelta(seconds=31))

    @precondition(lambda self: self.notices)
    @rule(which=numbers, how=st.sampled_from(["recalled", "expired"]))
    def recall(self, which: int, how: str) -> None:
        notice = self.one_of(self.notices, which)
        if how == "recalled":
            self.world.do(lambda: self.recall_one(notice))
        elif notice.expires is not None:
            Notice.objects.filter(pk=notice.pk).update(expires=Now())
            self.world.do(sending.recall_expired)
            Notice.objects.filter(pk=notice.pk).update(expires=notice.expires)

    @staticmethod
    def recall_one(notice: Notice) -> None:
        """Whoever has it keeps it until the batch of the recall reaches them."""
        held = Notification.objects.filter(notice=notice).count()
        again = Notice.objects.filter(pk=notice.pk, recalled__isnull=False).exists()
        assert sending.recall(notice) == (0 if again else held)

    # What the users do

    @precondition(lambda self: self.notices)
    @rule(user=numbers, as_=st.sampled_from(protocol.MARKS), which=some)
    def mark(self, user: int, as_: str, which: list[int]) -> None:
        name, ids = self.user(user), [self.one_of(self.notices, n).pk for n in which]

        def mark() -> None:
            before, version = flags_of(name), self.world.head(name).version
            with self.noted(name) as ref:
                told = sending.mark(name, as_, ids=ids, ref=ref)
            expected = {n: held.marked(as_) if n in ids else held for n, held in before.items()}
            assert flags_of(name) == expected
            assert told == version + (expected != before)
            head = self.world.head(name)
            assert (head.unseen, head.unread) == counted(expected.values())

        self.world.do(mark)

    @rule(
        user=numbers,
        as_=st.sampled_from([*protocol.MARKS_THROUGH, ARCHIVED_IF_READ]),
        back=st.integers(0, 4),
    )
    def mark_through(self, user: int, as_: str, back: int) -> None:
        name, only_read = self.user(user), as_ == ARCHIVED_IF_READ
        as_ = "archived" if only_read else as_
        head = self.world.head(name)
        through = max(0, head.version - back)
        rows = Notification.objects.filter(user=name, arrived__lte=through)
        if only_read:
            rows = rows.exclude(read=None)

        def mark() -> None:
            in_inbox = rows.filter(place=Place.INBOX)  # it leaves the archive as it is
            before, ids = flags_of(name), set(in_inbox.values_list("notice", flat=True))
            try:
                with self.noted(name) as ref:
                    told = sending.mark_through(
                        name,
                        as_,
                        epoch=head.epoch,
                        through=through,
                        ref=ref,
                        only_read=only_read,
                    )
            except Busy:
                assert Inbox.objects.get(pk=name).marking is not None
                return
            expected = {n: held.marked(as_) if n in ids else held for n, held in before.items()}
            assert flags_of(name) == expected
            changed = sum(expected[n] != held for n, held in before.items())
            assert told == head.version + -(-changed // marking.MAX_ROWS_PER_CHANGE)

        self.world.do(mark)

    @precondition(lambda self: self.marks)
    @rule(which=numbers)
    def undo(self, which: int) -> None:
        """Of any mark before, and maybe again: what has the version that the mark gave it is as
        before the mark."""
        one: Marked = self.one_of(self.marks[::-1], which)

        def undo() -> None:
            before, versions = flags_of(one.user), versions_of(one.user)
            expected = before | {
                notice: flags
                for notice, (flags, version) in one.changed.items()
                if versions.get(notice) == version and before[notice].place != Place.RECALLED
            }
            try:
                told = sending.undo(one.user, ref=one.ref, epoch=one.head.epoch, since=one.since)
            except EpochChanged:
                assert self.world.head(one.user).epoch != one.head.epoch
                return
            except Busy:
                assert Inbox.objects.get(pk=one.user).marking is not None
                return
            assert flags_of(one.user) == expected
            head = self.world.head(one.user)
            assert (head.unseen, head.unread) == counted(expected.values())
            assert told == head.version

        self.world.do(undo)

    @contextmanager
    def noted(self, user: str) -> Iterator[str]:
        """Notes what the mark in the block changes; yields its ref."""
        ref, head = f"m{next(self.keys)}", self.world.head(user)
        flags, versions = flags_of(user), versions_of(user)
        yield ref
        changed = {
            notice: (flags[notice], version)
            for notice, version in versions_of(user).items()
            if version != versions[notice]
        }
        self.marks.append(Marked(user, ref, head, head.version, changed))

    @rule(user=numbers, as_=st.sampled_from(protocol.MARKS_THROUGH))
    def mark_everything_bit_by_bit(self, user: int, as_: str) -> None:
        """Begins such a mark, or goes on with the one that was begun."""
        if self.marking is None:
            head = self.world.head(self.user(user))
            self.marking = marking.mark_through(head.user, as_, head.epoch, head.version)
        self.world.do(self.go_on_marking)

    def go_on_marking(self) -> None:
        assert self.marking is not None
        try:
            _, change = next(self.marking)
            self.announce(change)
        except (StopIteration, Busy, EpochChanged):
            self.marking = None

    @rule(user=numbers, back=st.integers(-1, 4))
    def open_the_bell(self, user: int, back: int) -> None:
        """What had arrived by then rings no more, and nothing becomes seen."""
        name = self.user(user)
        head, flags = self.world.head(name), flags_of(name)
        through, before = max(0, head.version - back), Inbox.objects.get(pk=name)

        def open_bell() -> None:
            told = sending.open_bell(name, epoch=head.epoch, through=through)
            after = Inbox.objects.get(pk=name)
            assert after.opened == max(before.opened, min(through, head.version))
            assert after.acknowledged == max(before.acknowledged, after.opened)
            assert (after.unseen, after.unread) == (head.unseen, head.unread)
            assert after.badge <= head.badge
            assert told == after.version == head.version + (after.badge < head.badge)
            assert flags_of(name) == flags

        self.world.do(open_bell)

    @precondition(lambda self: self.notices)
    @rule(user=numbers, which=numbers)
    def file(self, user: int, which: int) -> None:
        """As if the user wanted such notices to arrive in the archive: not marked, and not
        counted. What moves it to the inbox counts it again."""
        name, notice = self.user(user), self.one_of(self.notices, which).pk
        held = flags_of(name).get(notice)
        if held is not None and held.place == Place.INBOX:
            self.world.do(lambda: self.announce(self.file_one(name, notice, held)))

    @staticmethod
    def file_one(user: str, notice: int, held: Flags) -> Change | None:
        inbox = opening.locked_inbox(user)
        Notification.objects.filter(user=user, notice=notice).update(
            place=Place.FILED, placed=Now(), version=inbox.version + 1
        )
        unseen, unread = held.counted
        before_opened = Notification.objects.get(user=user, notice=notice).arrived <= inbox.opened
        overlooked = unseen and before_opened
        return stepping.advance(inbox, 1, unseen=-unseen, unread=-unread, overlooked=-overlooked)

    @rule(user=numbers, scope=st.sampled_from(["all", "category:news"]), value=some_value)
    def choose(self, user: int, scope: str, value: bool | None) -> None:
        """What arrives from now on, of that category or of any, is filed or not."""
        said = Preference.objects.filter(user=self.user(user), scope=scope)
        said.delete()
        if value is not None:
            Preference.objects.create(user_id=self.user(user), scope=scope, value=value)

    @rule(user=numbers, muted=st.booleans())
    def mute(self, user: int, muted: bool) -> None:
        Mute.objects.filter(user=self.user(user)).delete()
        if muted:
            Mute.objects.create(user_id=self.user(user), target="category:news")

    # What is done for upkeep

    @rule(user=numbers, which=some)
    def delete_rows(self, user: int, which: list[int]) -> None:
        name = self.user(user)
        rows = sorted(Notification.objects.filter(user=name).values_list("notice", flat=True))
        chosen = {self.one_of(rows, n) for n in which} if rows else set()
        self.world.do(lambda: self.announce(upkeep.delete_rows(name, sorted(chosen))))

    @rule(state=st.sampled_from(["read", "archived", "recalled"]))
    def prune(self, state: str) -> None:
        older = timedelta(seconds=-60)
        self.world.do(lambda: retention.prune(older, state, announce=announced.append, pause_s=0))
        there = set(Notice.objects.values_list("pk", flat=True))
        self.notices = [notice for notice in self.notices if notice.pk in there]

    @rule(
        user=numbers, what=st.sampled_from(["restored", "gone back", "recounted", "acknowledged"])
    )
    def look_after(self, user: int, what: str) -> None:
        name = self.user(user)
        version = self.world.head(name).version
        todo = {
            "restored": upkeep.renew_all_epochs,
            "gone back": lambda: upkeep.renew_epochs({name: version + 1}),
            "recounted": lambda: self.announce(upkeep.recount(name)),
            "acknowledged": lambda: upkeep.acknowledge({name: version}),
        }
        self.world.do(todo[what])

    # What happens on the way

    @rule()
    def the_network_becomes_good_or_bad(self) -> None:
        self.world.calm = not self.world.calm
        self.world.sweep()
        self.world.do(lambda: None)

    @rule()
    def the_sweep_comes(self) -> None:
        self.world.sweep()

    @rule()
    def all_arrives(self) -> None:
        self.world.all_arrives()

    @precondition(lambda self: self.world.layer)
    @rule(which=numbers, what=st.sampled_from(["arrives", "arrives", "lost", "doubled"]))
    def a_hint(self, which: int, what: str) -> None:
        """Any of those under way, so also out of order."""
        if what == "doubled":
            self.world.layer.append(self.one_of(self.world.layer, which))
            return
        hint = self.world.layer.pop(which % len(self.world.layer))
        if what == "arrives":
            self.world.offer(hint)

    @precondition(lambda self: any(socket.frames for socket in self.world.sockets))
    @rule(which=numbers, n=numbers, what=st.sampled_from(["arrives", "arrives", "lost", "doubled"]))
    def a_frame(self, which: int, n: int, what: str) -> None:
        """Any of those under way, so also out of order."""
        socket = self.one_of([one for one in self.world.sockets if one.frames], which)
        if what == "doubled":
            socket.frames.append(self.one_of(socket.frames, n))
            return
        frame = socket.frames.pop(n % len(socket.frames))
        if what == "arrives":
            self.world.receive(socket, frame)

    @rule(which=numbers, with_cursor=st.booleans())
    def a_client_comes_back(self, which: int, with_cursor: bool) -> None:
        socket: Socket = self.one_of(self.world.sockets, which)
        socket.frames.clear()
        self.world.catch_up(socket, socket.client.cursor if with_cursor else None)

    @rule(which=numbers)
    def a_client_asks_for_more(self, which: int) -> None:
        socket = self.one_of(self.world.sockets, which)
        self.world.ask_for_more(socket)
        if self.world.calm and socket.pages:
            self.world.receive_page(socket)

    @precondition(lambda self: any(socket.pages for socket in self.world.sockets))
    @rule(which=numbers)
    def a_page_arrives(self, which: int) -> None:
        self.world.receive_page(
            self.one_of([one for one in self.world.sockets if one.pages], which)
        )

    # Odds and ends

    def send_to(self, to: Any, **fields: Any) -> Notice:
        said = {
            "title": f"Notice {len(self.notices)}",
            "expires": EXPIRES if len(self.notices) % 2 else None,
        }
        notice = self.world.do(lambda: sending.send(to=to, **(said | fields)))
        assert isinstance(notice, Notice)
        self.notices.append(notice)
        return notice

    @staticmethod
    def announce(change: Change | None) -> None:
        if change is not None:
            announced.append(change)

    def user(self, n: int) -> str:
        return key(self.one_of(self.users, n))

    @staticmethod
    def one_of(things: list[Any], n: int) -> Any:
        return things[n % len(things)]


def test_whatever_happens_each_client_is_left_equal_to_the_database(
    db: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    for module, name, value in LIMITS:
        monkeypatch.setattr(module, name, value)
    settings.NOTIFY_BATCH_SIZE = 1
    monkeypatch.setattr(publisher, "publish", announced.append)
    monkeypatch.setattr(publisher, "publish_work", lambda: None)
    run_state_machine_as_test(InboxMachine, settings=MACHINE)


MACHINE = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
