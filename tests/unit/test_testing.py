from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Group, User
from django.core import mail
from django.db import transaction
from django.db.models.signals import post_save
from django.test import Client, TestCase
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from pytest_django.fixtures import Settings

import notify
from config.asgi import application
from notify import sending, testing
from notify.inbox import control, retention
from notify.live.hub import hubs
from notify.live.outbox_thread import hand_out_due
from notify.models import ApiToken, Batch, Inbox, Notice
from notify.sending import verbs
from notify.testing import (
    aadvance_time,
    advance_time,
    ainbox,
    immediate_delivery,
    inbox,
    sent,
    stop_hub,
)
from tests.harness.database import orm
from tests.harness.sessions import session_cookie
from tests.unit.kinds.examples import InItsLanguage, OrderShipped

pytestmark = [pytest.mark.usefixtures("silent")]


def titles(user: User, tab: str = "all") -> list[str]:
    return [row.title for row in inbox(user, tab=tab)]


@pytest.fixture
def delivering(db: None, notify_immediate_delivery: None) -> None:
    """A test in a transaction, as in TestCase, that uses the fixture of the pytest plugin."""


def test_without_it_nothing_arrives_in_a_test_that_never_commits(ada):
    notify.send(to=ada, title="Hello")
    assert titles(ada) == []


def test_a_notice_is_in_the_inbox_when_send_returns(ada, delivering):
    notify.send(to=ada, title="Hello", level="warning", url="/orders/7/", data={"order": 7})
    [row] = inbox(ada)
    assert (row.title, row.level, row.url, row.data) == (
        "Hello",
        "warning",
        "/orders/7/",
        {"order": 7},
    )
    assert (row.seen, row.read, row.archived, row.actor) == (False, False, False, None)


def test_a_notice_arrives_when_the_transaction_around_it_commits(ada, delivering):
    with transaction.atomic():
        with transaction.atomic():
            notify.send(to=ada, title="Hello")
        assert titles(ada) == []
    assert titles(ada) == ["Hello"]


def test_a_durable_block_commits_too(ada, delivering):
    with transaction.atomic(durable=True):
        notify.send(to=ada, title="Hello")
    assert titles(ada) == ["Hello"]


def test_a_notice_of_a_transaction_that_is_rolled_back_is_not_sent(ada, delivering):
    with transaction.atomic():
        notify.send(to=ada, title="Hello")
        transaction.set_rollback(True)
    notify.send(to=ada, title="Later")
    assert titles(ada) == ["Later"]


def test_a_block_without_a_savepoint_commits_too(ada, delivering):
    with transaction.atomic(savepoint=False):
        notify.send(to=ada, title="Hello")
    assert titles(ada) == ["Hello"]


def test_what_a_signal_sends_arrives_when_the_object_is_saved(ada, delivering):
    def tell(instance, **kwargs):
        notify.send(to=ada, title=f"Group {instance.name}")

    post_save.connect(tell, sender=Group)
    try:
        Group.objects.create(name="support")
    finally:
        post_save.disconnect(tell, sender=Group)
    assert titles(ada) == ["Group support"]


@pytest.mark.parametrize("backend", [None, "default"])
def test_batches_that_wait_for_workers_or_tasks_are_carried_out(
    backend, make_user, settings: Settings, delivering
):
    settings.NOTIFY_BATCH_SIZE = 1
    settings.NOTIFY_TASK_BACKEND = backend
    everybody = [make_user(name) for name in ("ada", "bob", "cleo")]
    notice = notify.send(to=everybody, title="Hello")
    assert [titles(user) for user in everybody] == [["Hello"]] * 3
    assert notify.recall(notice) == 3
    assert [titles(user) for user in everybody] == [[]] * 3


def test_several_notices_of_one_transaction_arrive_in_their_order(ada, delivering):
    with transaction.atomic():
        for number in range(3):
            notify.send(to=ada, title=f"Number {number}")
    assert titles(ada) == ["Number 2", "Number 1", "Number 0"]


def test_a_recall_is_carried_out_at_once(ada, delivering):
    notice = notify.send(to=ada, title="Hello")
    with transaction.atomic():
        notify.recall(notice)
    assert titles(ada) == []
    assert notice.status == "sent"
    notice.refresh_from_db()
    assert notice.status == "recalled"


@pytest.mark.parametrize(("hours", "arrives"), [(-1, True), (0, True), (1, False)])
def test_a_scheduled_notice_arrives_if_its_time_has_come(hours, arrives, ada, delivering):
    notify.send(to=ada, title="Hello", send_at=timezone.now() + timedelta(hours=hours))
    assert bool(inbox(ada)) is arrives


def test_a_mark_is_in_the_inbox_and_moves_the_row_to_its_tab(ada, client: Client, delivering):
    client.force_login(ada)
    notify.send(to=ada, title="Hello")
    [row] = inbox(ada)
    for as_ in ("read", "archived"):
        client.post(
            "/api/notify/inbox/mark/",
            {"ref": as_, "as": as_, "ids": [row.id]},
            content_type="application/json",
        )
    assert titles(ada) == titles(ada, "unread") == []
    [row] = inbox(ada, tab="archived")
    assert row.read
    assert row.archived


def test_the_page_of_the_test_client_shows_it(ada, client: Client, delivering):
    client.force_login(ada)
    notify.send(to=ada, title="Your order is on its way")
    assert "Your order is on its way" in client.get("/notify/").text


def test_callbacks_of_the_project_run_as_in_production(ada, delivering, caplog):
    said: list[str] = []
    transaction.on_commit(lambda: said.append("outside"))
    assert said == ["outside"]
    with transaction.atomic():
        transaction.on_commit(lambda: notify.send(to=ada, title="After the commit"))
        transaction.on_commit(lambda: 1 / 0, robust=True)
        transaction.on_commit(lambda: said.append("last"))
        assert said == ["outside"]
    assert titles(ada) == ["After the commit"]
    assert said == ["outside", "last"]
    assert "An on_commit callback failed" in caplog.text


def test_an_exception_of_a_callback_is_raised_by_the_block(ada, delivering):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        transaction.on_commit(lambda: 1 / 0)


def test_what_is_sent_before_or_after_is_not_carried_out(ada):
    notify.send(to=ada, title="Before")
    with immediate_delivery():
        notify.send(to=ada, title="Inside")
    notify.send(to=ada, title="After")
    assert titles(ada) == ["Inside"]


def test_captured_callbacks_inside_are_those_that_wait(ada, delivering):
    with TestCase.captureOnCommitCallbacks() as callbacks, transaction.atomic():
        notify.send(to=ada, title="Hello")
        waiting = len(transaction.get_connection().run_on_commit)
    assert waiting
    assert callbacks == []  # they have run
    assert titles(ada) == ["Hello"]


def test_a_nested_one_changes_nothing(ada, delivering):
    with transaction.atomic(), immediate_delivery():
        notify.send(to=ada, title="Hello")
    notify.send(to=ada, title="Later")
    assert titles(ada) == ["Later", "Hello"]


def test_a_nested_block_that_is_rolled_back_undoes_nothing_else(ada, delivering):
    with transaction.atomic():
        notify.send(to=ada, title="Hello")
        with suppress(ValueError), transaction.atomic():
            raise ValueError
    assert [row.title for row in inbox(ada)] == ["Hello"]


def test_a_coroutine_function_cannot_be_decorated_as_it_would_never_run():
    async def test() -> None:
        raise NotImplementedError

    with pytest.raises(TypeError, match="as a `with` block"):
        immediate_delivery()(test)


def test_where_transactions_commit_it_takes_the_place_of_the_workers(
    transactional_db, make_user, settings: Settings
):
    settings.NOTIFY_BATCH_SIZE = 1
    ada, bob = make_user("ada"), make_user("bob")
    notify.send(to=[ada, bob], title="Without")
    with immediate_delivery(), transaction.atomic():
        notify.send(to=[ada, bob], title="With")
        assert titles(ada) == []
    assert titles(ada) == titles(bob) == ["With"]


def test_an_inbox_longer_than_a_page_is_returned_whole(
    ada, delivering, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("notify.testing.PAGE_ROWS", 2)
    for number in range(5):
        notify.send(to=ada, title=str(number))
    assert titles(ada) == ["4", "3", "2", "1", "0"]


class AsyncTest(TestCase):
    """Its event loop is in another thread than the database's connection."""

    ada: User

    @classmethod
    def setUpTestData(cls) -> None:
        with immediate_delivery():
            cls.ada = User.objects.create_user("ada")
            notify.send(to=cls.ada, title="Of all tests of the class")

    async def test_what_is_sent_arrives(self) -> None:
        with immediate_delivery():
            await notify.asend(to=self.ada, title="Hello", actor=self.ada, include_actor=True)
        rows = await ainbox(self.ada)
        assert [row.title for row in rows][:2] == ["Hello", "Of all tests of the class"]
        assert rows[0].actor == "ada"

    async def test_time_passes_for_async_code_too(self) -> None:
        with immediate_delivery():
            await notify.asend(to=self.ada, title="Later", send_at=in_hours(1))
        await aadvance_time(HOUR)
        [newest, *_] = await ainbox(self.ada)
        assert newest.title == "Later"

    def test_it_sees_the_transaction_of_the_class_and_not_that_of_another_test(self) -> None:
        assert titles(self.ada)[0] == "Of all tests of the class"


async def test_stopping_the_hub_closes_its_sockets_and_leaves_none(transactional_db, ada):
    async def connect() -> WebsocketCommunicator:
        headers = [
            (b"cookie", cookie.encode()),
            (b"origin", b"http://testserver"),
            (b"host", b"testserver"),
        ]
        socket = WebsocketCommunicator(application, "/ws/notify/", headers=headers)
        assert (await socket.connect(timeout=30))[0]
        assert (await socket.receive_json_from(timeout=30))["type"] == "hello"
        return socket

    cookie = await orm(session_cookie, ada)
    socket = await connect()
    await stop_hub()
    closing = await socket.receive_output(timeout=30)
    while closing["type"] != "websocket.close":
        closing = await socket.receive_output(timeout=30)
    assert closing["code"] == 4503
    assert hubs() == []
    await stop_hub()  # where there is none, nothing happens
    await (await connect()).disconnect()  # the next test of the same loop gets one of its own
    await stop_hub()


# Time

HOUR = timedelta(hours=1)


def in_hours(hours: float) -> datetime:
    return timezone.now() + hours * HOUR


def test_a_scheduled_notice_arrives_when_its_time_has_passed(ada, delivering):
    notice = notify.send(to=ada, title="Hello", send_at=in_hours(2))
    advance_time(HOUR)
    assert (titles(ada), notice.status) == ([], "pending")
    advance_time(HOUR)
    assert (titles(ada), notice.status) == (["Hello"], "sent")
    assert (Inbox.objects.get().unread, Batch.objects.get().appended) == (1, 1)


def test_an_expired_notice_leaves_the_inbox_and_its_counts(ada, delivering):
    notify.send(to=ada, title="Stays")
    notice = notify.send(to=ada, title="Hello", expires=in_hours(2))
    advance_time(HOUR)
    assert titles(ada) == ["Hello", "Stays"]
    advance_time(HOUR)
    assert titles(ada) == ["Stays"]
    assert Inbox.objects.values_list("unseen", "unread").get() == (1, 1)
    notice.refresh_from_db()
    assert (notice.status, notice.recalled_by) == ("recalled", "")


def test_a_notice_that_expires_meanwhile_has_arrived_before(ada, delivering):
    notify.send(to=ada, title="Hello", send_at=in_hours(1), expires=in_hours(2))
    advance_time(3 * HOUR)
    assert titles(ada) == []
    [row] = ada.notify_notifications.all()
    assert row.recalled is not None


def test_notices_arrive_in_the_order_of_their_times(ada, delivering):
    for hours in (2, 3, 1):
        notify.send(to=ada, title=f"After {hours}", send_at=in_hours(hours))
    advance_time(4 * HOUR)
    assert titles(ada) == ["After 3", "After 2", "After 1"]


def test_more_notices_than_one_pass_takes_expire(ada, delivering, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(control, "EXPIRED_PER_PASS", 1)
    for number in range(3):
        notify.send(to=ada, title=str(number), expires=in_hours(1))
    advance_time(HOUR)
    assert titles(ada) == []


@pytest.mark.django_db
def test_without_immediate_delivery_it_does_what_the_workers_would_have_done(ada):
    notify.send(to=ada, title="Hello")
    notify.send(to=ada, title="Later", send_at=in_hours(1))
    assert titles(ada) == []
    notify.send(to=ada, title="Expires", expires=in_hours(1))
    advance_time(HOUR / 2)
    assert titles(ada) == ["Expires", "Hello"]
    advance_time(HOUR / 2)
    assert titles(ada) == ["Later", "Hello"]


def test_where_transactions_commit_scheduled_batches_arrive_too(
    transactional_db, make_user, settings: Settings
):
    settings.NOTIFY_BATCH_SIZE = 1
    ada, bob = make_user("ada"), make_user("bob")
    notice = notify.send(to=[ada, bob], title="Hello", send_at=in_hours(1), expires=in_hours(2))
    advance_time(HOUR)
    assert titles(ada) == titles(bob) == ["Hello"]
    advance_time(HOUR)
    assert titles(ada) == titles(bob) == []
    notice.refresh_from_db()
    assert notice.status == "recalled"


def test_what_is_paused_stays_so_and_is_resumed_when_its_time_has_passed(ada, delivering):
    notice = notify.send(to=ada, title="Hello", send_at=in_hours(1))
    verbs.pause(notice)
    advance_time(HOUR)
    assert titles(ada) == []
    verbs.resume(notice)
    assert titles(ada) == ["Hello"]


def test_every_stored_time_is_older_and_what_is_not_stored_stays_so(ada, delivering):
    notice = notify.send(to=ada, title="Hello", send_at=in_hours(1), expires=in_hours(9))
    before = {name: getattr(notice, name) for name in ("created", "send_at", "expires")}
    token, _ = ApiToken.objects.issue(ada, "robot", ["send"])
    advance_time(HOUR / 2)
    notice.refresh_from_db()
    assert {name: getattr(notice, name) for name in before} == {
        name: moment - HOUR / 2 for name, moment in before.items()
    }
    assert (notice.recalled, notice.stopped) == (None, None)
    assert Batch.objects.get().due == notice.send_at
    assert ApiToken.objects.get().created == token.created - HOUR / 2


def test_a_repeated_call_with_a_key_is_recognised_afterwards(ada, delivering):
    call = {"to": ada, "title": "Hello", "key": "7", "expires": in_hours(9)}
    first = notify.send(**call)
    advance_time(HOUR)
    again = notify.send(**call)
    assert (again.pk, again.repeated) == (first.pk, True)


def test_what_is_kept_for_days_is_deleted_afterwards(ada, delivering):
    notify.send(to=ada, title="Hello")
    retention.prune(timedelta(days=30), announce=lambda change: None)
    assert titles(ada) == ["Hello"]
    advance_time(timedelta(days=31))
    retention.prune(timedelta(days=30), announce=lambda change: None)
    assert not Notice.objects.exists()


# Out of the browser


@pytest.fixture
def reminder(
    settings: Settings, own_kinds: None, delivering: None, ada: User
) -> Callable[[str], notify.Kind]:
    """A kind that is mailed a quarter of an hour later; Ada has an address."""

    class Reminder(notify.Kind):
        key = "t.reminder"
        category = notify.Category("reminders", "Reminders")
        channels = (notify.Email(after=HOUR / 4),)

        text: str

        def title(self) -> str:
            return self.text

    settings.NOTIFY_SITE_URL = "https://example.org"
    User.objects.update(email="ada@example.org")
    return lambda text: Reminder(text=text)


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def test_what_is_unread_for_as_long_as_its_kind_says_is_mailed_once(ada, reminder, make_user):
    bob = make_user("bob", email="bob@example.org")
    notify.send(reminder("Hello"), to=[ada, bob])
    advance_time(HOUR / 5)
    assert mail.outbox == []
    [copy] = bob.notify_notifications.all()
    sending.mark(str(bob.pk), "read", ids=[copy.notice_id])
    advance_time(HOUR / 5)
    assert [(one.to, one.subject) for one in mail.outbox] == [(["ada@example.org"], "Hello")]
    advance_time(10 * HOUR)
    assert len(mail.outbox) == 1


def test_it_is_mailed_before_it_expires_or_not_at_all(ada, reminder):
    notify.send(reminder("until then"), to=ada, expires=in_hours(0.3))
    notify.send(reminder("too short"), to=ada, expires=in_hours(0.2))
    advance_time(HOUR)
    assert subjects() == ["until then"]
    assert titles(ada) == []


def test_what_arrives_meanwhile_is_mailed_later_still(ada, reminder):
    notify.send(reminder("Hello"), to=ada, send_at=in_hours(1))
    advance_time(HOUR)
    assert (titles(ada), subjects()) == (["Hello"], [])
    advance_time(HOUR / 4)
    assert subjects() == ["Hello"]
    notify.send(reminder("Again"), to=ada, send_at=in_hours(1))
    advance_time(2 * HOUR)
    assert subjects() == ["Hello", "Again"]


@pytest.mark.parametrize(("rhythm", "days"), [("hourly", 1 / 24), ("daily", 1), ("weekly", 7)])
def test_a_digest_has_gone_when_its_time_has_passed(ada, reminder, monkeypatch, rhythm, days):
    def hand_out_slowly() -> int:
        """The second notice becomes due while the first one is served."""
        messages = hand_out_due()
        time.sleep(0.2)
        return messages

    monkeypatch.setattr(testing, "hand_out_due", hand_out_slowly)
    notify.prefer(ada, "category:reminders", value=True, channel="email", rhythm=rhythm)
    for text in ("one", "two"):
        notify.send(reminder(text), to=ada)
        time.sleep(0.1)
    advance_time(HOUR / 4 + timedelta(days=days))
    [digest] = mail.outbox
    assert "one" in digest.body
    assert "two" in digest.body


# Kinds


@pytest.mark.django_db
def test_what_was_sent_of_a_kind_has_its_fields(ada):
    with immediate_delivery():
        notify.send(OrderShipped(number="A-7"), to=ada)
        notify.send(InItsLanguage(), to=ada)
        notify.send(to=ada, title="Untyped", kind=OrderShipped.key)
        notify.send(OrderShipped(number="A-8", items=2), to=ada)
    assert sent(OrderShipped) == [
        OrderShipped(number="A-7"),
        OrderShipped(number="A-8", items=2),
    ]


@pytest.mark.django_db
def test_a_text_that_one_language_lacks_fails(ada, monkeypatch):
    with immediate_delivery():
        notify.send(InItsLanguage(), to=ada)
    german = lambda self: "" if get_language() == "de" else "Archive"  # noqa: E731
    monkeypatch.setattr(InItsLanguage, "title", german)
    with pytest.raises(AssertionError, match=r"cannot be read in 'de': title: must contain"):
        sent(InItsLanguage)


@pytest.mark.django_db
def test_a_lazy_text_fails_with_the_cure(ada, monkeypatch):
    with immediate_delivery():
        notify.send(InItsLanguage(), to=ada)
    monkeypatch.setattr(InItsLanguage, "title", lambda self: gettext_lazy("Archive"))
    with pytest.raises(AssertionError, match=r"title: is a lazy object\. .* use gettext, not"):
        sent(InItsLanguage)
