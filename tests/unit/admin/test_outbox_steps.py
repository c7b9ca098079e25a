"""What became of a user's copy of a notice in each channel out of the browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

import notify
from notify import sending
from notify.admin.delivery_history import delivery_history
from notify.admin.outbox_steps import _WHY
from notify.inbox import outgoing, work
from notify.kinds import registry
from notify.models import Message, Notice, Notification, OutboxItem
from notify.outbox import ripening
from notify.outbox.states import Skipped
from tests.unit.admin.helpers import inbox_page, text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("silent")]


@pytest.fixture
def mailed(own_kinds):
    """Sends a notice of a kind that is mailed after 15 minutes."""

    class Shipped(notify.Kind):
        key = "shop.shipped"

        def title(self):
            return "On its way"

    def send(to, channels=None, **fields):
        Shipped.channels = [notify.Email()] if channels is None else channels
        return notify.send(Shipped(), to=to, **fields)

    return send


def an_hour_passes(notice):
    """Of what has happened to it until now."""
    hour = timedelta(hours=1)
    notice.batch_set.update(finished=F("finished") - hour, due=F("due") - hour)
    Notification.objects.filter(notice=notice).update(
        seen=F("seen") - hour, read=F("read") - hour, placed=F("placed") - hour
    )
    Notice.objects.filter(pk=notice.pk).update(
        recalled=F("recalled") - hour, expires=F("expires") - hour
    )


def ripened(notice):
    an_hour_passes(notice)
    while ripening.ripen_next() is not None:
        pass
    return notice


def mark(user, name, notice):
    sending.mark(str(user.pk), name, ids=[notice.pk])


def item(user, notice, state, **fields):
    moment = timezone.now()
    message = Message.objects.create(
        user=user, channel="email", address="ada@example.org", created=moment, lease=moment
    )
    given = {"ripe": moment, "made": moment, "message": message, **fields}
    OutboxItem.objects.create(user=user, channel="email", notice=notice, state=state, **given)


def mail_step(user, notice):
    [step] = (one for one in delivery_history(user, notice).steps if one.name == "E-mail")
    return step


def test_what_waits_for_its_mail_says_until_when(ada, mailed):
    step = mail_step(ada, mailed(ada))
    assert (step.how, step.happened) == ("if it's still unread and wanted then", False)
    assert step.when > timezone.now()


def test_what_was_read_before_is_not_mailed_and_says_so(ada, mailed):
    notice = mailed(ada)
    mark(ada, "read", notice)
    read = Notification.objects.get(notice=notice).read
    step = mail_step(ada, notice)
    assert (step.when, step.how, step.happened) == (read, "not sent: it had been read", False)
    item(ada, notice, "skipped", why="read", ended=timezone.now() + timedelta(hours=1))
    assert mail_step(ada, notice) == step


def test_what_was_not_mailed_as_it_was_read_and_is_read_again_keeps_its_time(ada, mailed):
    notice, skipped = mailed(ada), timezone.now() - timedelta(hours=1)
    item(ada, notice, "skipped", why="read", ended=skipped)
    mark(ada, "read", notice)
    step = mail_step(ada, notice)
    assert (step.when, step.how) == (skipped, "not sent: it had been read")


UNKNOWN = (
    "not sent; why isn't recorded: it may have been read or turned off by then, or its kind "
    "wasn't sent this way yet"
)


@pytest.mark.parametrize(
    ("unless", "happens", "time_of", "told"),
    [
        ("read", "read", lambda copy: copy.read, "not sent: it had been read"),
        ("read", "archived", lambda copy: copy.placed, "not sent: archived"),
        ("seen", "seen", lambda copy: copy.seen, "not sent: seen"),
        ("read", "recalled", lambda copy: copy.notice.recalled, "not sent: recalled"),
        ("read", "expired", lambda copy: copy.notice.expires, "not sent: expired"),
    ],
)
def test_what_kept_it_from_being_mailed_is_told_with_its_time(  # noqa: PLR0917  (parameters)
    ada, mailed, unless, happens, time_of, told
):
    notice = mailed(ada, [notify.Email(unless=unless)])
    if happens == "recalled":
        sending.recall(notice)
    elif happens == "expired":
        Notice.objects.filter(pk=notice.pk).update(expires=timezone.now())
    else:
        mark(ada, happens, notice)
    ripened(notice)
    step = mail_step(ada, Notice.objects.get())
    when = time_of(Notification.objects.select_related("notice").get())
    assert (step.how, step.when, step.happened) == (told, when, False)
    assert not OutboxItem.objects.exists()


def test_what_was_not_wanted_and_is_read_later_is_not_told_as_read(ada, mailed):
    notice = mailed(ada)
    notify.prefer(ada, "all", value=False, channel="email")
    ripened(notice)
    assert mail_step(ada, notice).how == UNKNOWN
    mark(ada, "read", notice)
    step = mail_step(ada, notice)
    assert (step.how, step.when, step.happened) == (UNKNOWN, None, False)


def test_what_was_read_while_no_worker_ran_is_not_told_as_unwanted(ada, mailed):
    notice = mailed(ada)
    an_hour_passes(notice)
    mark(ada, "read", notice)
    assert mail_step(ada, notice).how == "not sent: it had been read"  # nobody has looked yet
    ripening.ripen_next()
    assert mail_step(ada, notice).how == UNKNOWN  # by the times it may have been read after


def test_what_was_read_and_is_read_again_later_is_not_told_by_the_later_time(ada, mailed):
    notice = mailed(ada)
    mark(ada, "read", notice)
    ripened(notice)
    for name in ("unread", "read"):
        mark(ada, name, notice)
    assert mail_step(ada, notice).how == UNKNOWN


@pytest.mark.parametrize("several", [False, True])
def test_what_was_sent_before_its_kind_had_a_channel_is_not_told_as_read(
    ada, make_user, mailed, settings, several
):
    settings.NOTIFY_BATCH_SIZE = 1
    notice = mailed([ada, make_user("bob")] if several else ada, [])
    while work.carry_out_next() is not None:
        pass
    registry.get("shop.shipped").channels = [notify.Email()]
    for _ in range(2):
        step = mail_step(ada, notice)
        assert (step.how, step.when) == (
            UNKNOWN if several else "not sent: its kind wasn't sent this way yet",
            None,
        )
        mark(ada, "read", notice)


def test_what_waited_before_a_restore_is_not_told_as_unwanted(ada, mailed):
    notice = mailed(ada)
    outgoing.end_all()
    mark(ada, "read", notice)
    assert mail_step(ada, notice).how == UNKNOWN


def test_each_channel_says_when_its_turn_is_and_what_prevents_it(ada, mailed):
    class Later(notify.Email):
        key = "later"

    notice = mailed(ada, [notify.Email(), Later(after=timedelta(hours=2), unless="seen")])
    finished = notice.batch_set.get().finished

    def steps():
        found = delivery_history(ada, notice).steps
        return [(one.when, one.how) for one in found if one.name in {"E-mail", "Later"}]

    unread = "if it's still unread and wanted then"
    unseen = (finished + timedelta(hours=2), "if it's still unseen and wanted then")
    assert steps() == [(finished + timedelta(minutes=15), unread), unseen]
    notify.prefer(ada, "all", value=False, channel="email")
    ripened(notice)
    assert steps() == [(None, UNKNOWN), (unseen[0] - timedelta(hours=1), unseen[1])]
    mark(ada, "seen", notice)
    assert steps() == [(None, UNKNOWN), (Notification.objects.get().seen, "not sent: seen")]


def test_what_was_mailed_stays_told_where_it_is_sent_again(ada, mailed):
    notice, moment = mailed(ada), timezone.now()
    item(ada, notice, "handed", ended=moment)
    item(ada, notice, "skipped", why="archived", repeat=1, message=None, ended=moment)
    steps = [one for one in delivery_history(ada, notice).steps if one.name.startswith("E-mail")]
    assert [(one.name, one.how, one.happened) for one in steps] == [
        ("E-mail", "sent to ada@example.org", True),
        ("E-mail, again", "not sent: archived", False),
    ]


@pytest.mark.parametrize("gone", ["copy", "channel", "message"])
def test_what_was_mailed_stays_told_whatever_is_gone(ada, mailed, gone):
    notice = mailed(ada)
    item(ada, notice, "handed", ended=timezone.now())
    if gone == "copy":
        Notification.objects.all().delete()
    elif gone == "channel":
        registry.get("shop.shipped").channels = []
    else:
        Message.objects.all().delete()
    names = {"E-mail", "Email"}  # the key, where no class is left to ask
    [step] = (one for one in delivery_history(ada, notice).steps if one.name in names)
    assert step.happened
    assert step.how == ("sent" if gone == "message" else "sent to ada@example.org")


@pytest.mark.parametrize(
    ("state", "fields", "told"),
    [
        ("handed", {}, ("sent to ada@example.org", True)),
        ("waiting", {"message": None}, ("if it's still unread and wanted then", False)),
        ("taken", {}, ("being sent", False)),
        ("unknown", {}, ("it may have been sent, and isn't repeated by itself", False)),
        ("refused", {"why": "550 no such user"}, ("refused: 550 no such user", False)),
        ("skipped", {"why": "recalled"}, ("not sent: recalled", False)),
    ],
)
def test_the_story_says_what_became_of_the_mail(ada, mailed, state, fields, told):
    notice = mailed(ada)
    item(ada, notice, state, **fields)
    step = mail_step(ada, notice)
    assert (step.how, step.happened) == told


def test_a_mail_is_in_the_story_that_staff_read(client, inbox_staff, ada, mailed):
    notice = mailed(ada)
    item(ada, notice, "handed", ended=timezone.now())
    page = client.get(inbox_page(ada), {"notice": notice.pk})
    assert "sent to ada@example.org" in text_of(page)


def test_a_kind_without_a_channel_has_no_line_of_one(ada):
    notice = notify.send(to=ada, title="Hello")
    names = {step.name for step in delivery_history(ada, notice).steps}
    assert "E-mail" not in names


def test_every_reason_not_to_send_has_its_words():
    assert set(_WHY) == {*Skipped, "sent again"}
