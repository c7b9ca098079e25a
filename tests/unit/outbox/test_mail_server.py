"""Against a real SMTP server, in a process of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from notify.outbox import deadlines, mail_server
from notify.outbox.channel import (
    AddressRefused,
    Deferred,
    HandOverFailed,
    MessageRefused,
    Unanswered,
)
from notify.outbox.deadlines import MAX_OVERDUE
from notify.outbox.email import Email
from notify.outbox.mail_server import Attempt, close_idle, hand_over
from tests.harness.certificate import Certificate
from tests.harness.process import refusing_port
from tests.harness.smtp import SmtpServer
from tests.harness.waiting import eventually
from tests.unit.outbox.conftest import send_by, send_to, use
from tests.unit.outbox.helpers import outgoing, row

# Enough for what a connection that is open answers; to open one takes longer on a busy machine.
SHORT = timedelta(seconds=2)
PATIENCE_S = 10.0


def message(to: str = "ada", subject: str = "One") -> EmailMultiAlternatives:
    return EmailMultiAlternatives(subject, "Text", to=[f"{to}@example.org"])


def taken(server: SmtpServer, subject: str) -> list[Any]:
    return [one for one in server.taken if one["Subject"] == subject]


def test_what_is_taken_is_taken_once(mail: SmtpServer) -> None:
    hand_over(message(subject="once"))
    [found] = taken(mail, "once")
    assert found["X-Rcpt-To"] == "ada@example.org"


@pytest.mark.parametrize(
    ("to", "failure", "said"),
    [
        ("unknown", AddressRefused, "550 5.1.1 No such user here"),
        ("relay", MessageRefused, "550 5.7.1 Relay access denied"),
        ("full", Deferred, "452 4.2.2 Mailbox full"),
        ("later", Deferred, "451 4.7.1 Greylisted"),
        ("spam", MessageRefused, "554 5.7.1 Looks like spam"),
        ("broken", Deferred, "451 4.3.0 Disk full"),
        ("dropdata", Deferred, "SMTPServerDisconnected"),
    ],
)
def test_what_is_refused_was_not_taken(
    mail: SmtpServer, to: str, failure: type[HandOverFailed], said: str
) -> None:
    with pytest.raises(failure, match=said):
        hand_over(message(to))
    assert not [one for one in mail.taken if one["X-Rcpt-To"].startswith(f"{to}@")]
    hand_over(message(subject=f"after {to}"))  # it stops nobody else's
    assert len(taken(mail, f"after {to}")) == 1


def test_a_connection_that_drops_before_the_answer_leaves_it_unknown(mail: SmtpServer) -> None:
    with pytest.raises(Unanswered):
        hand_over(message("drop", "dropped"))
    eventually(lambda: len(taken(mail, "dropped")) == 1)  # so it must not be sent again


def test_one_that_drops_in_a_connection_of_others_is_not_sent_again_in_another(
    mail: SmtpServer,
) -> None:
    hand_over(message())
    with pytest.raises(Unanswered):
        hand_over(message("drop", "dropped late"))
    hand_over(message(subject="next"))
    assert len(taken(mail, "dropped late")) == 1


def test_a_refusal_is_one_though_the_server_hangs_after_it(mail: SmtpServer) -> None:
    with pytest.raises(MessageRefused, match="spam"):
        hand_over(message("stuck"))


@pytest.mark.parametrize(
    ("to", "failure"), [("hang", Deferred), ("drip", Deferred), ("hangafter", Unanswered)]
)
def test_a_server_that_hangs_is_abandoned(
    mail: SmtpServer, to: str, failure: type[HandOverFailed]
) -> None:
    hand_over(message())  # opens the connection
    before = time.monotonic()
    with pytest.raises(failure):
        hand_over(message(to), limit=SHORT)
    assert time.monotonic() - before < PATIENCE_S
    eventually(lambda: not deadlines.hanging(mail_server.what()))  # it ends with the connection


@pytest.mark.parametrize(("tls", "option"), [("starttls", "use_tls"), ("implicit", "use_ssl")])
def test_the_same_is_so_under_tls(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, tls: str, option: str
) -> None:
    certificate = Certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    with SmtpServer(tmp_path, tls=tls, certificate=certificate) as server:
        send_to(settings, server.port, **{option: True})
        for _ in range(2):
            hand_over(message())
        assert len({one["X-Connection"] for one in server.taken}) == 1
        for to, failure in (("drip", Deferred), ("hangafter", Unanswered)):
            with pytest.raises(failure):
                hand_over(message(to), limit=SHORT)
            hand_over(message())  # opens the next connection
        with pytest.raises(Unanswered):
            hand_over(message("drop"))
        eventually(lambda: not deadlines.hanging(mail_server.what()))


def test_a_server_that_wakes_up_later_gets_nothing_from_the_past(
    tmp_path: Path, settings: Any
) -> None:
    """What was given up as not taken is not taken then: it is sent again."""
    with use(settings, SmtpServer(tmp_path)) as server:
        hand_over(message(subject="before"))
        server.pause()
        with pytest.raises(Deferred):
            hand_over(message(subject="asleep"), limit=SHORT)
        server.resume()
        eventually(lambda: not deadlines.hanging(mail_server.what()))
        hand_over(message(subject="after"))
        assert [one["Subject"] for one in server.taken] == ["before", "after"]


def test_a_timeout_of_the_project_is_shorter(mail: SmtpServer, settings: Any) -> None:
    send_to(settings, mail.port, timeout=0.2)
    before = time.monotonic()
    with pytest.raises(Deferred):
        hand_over(message("hang"))
    assert time.monotonic() - before < PATIENCE_S


@pytest.mark.parametrize("greeting", ["hang", "drip"])
def test_a_server_that_does_not_greet_is_abandoned_and_soon_left_alone(
    tmp_path: Path, settings: Any, greeting: str
) -> None:
    with SmtpServer(tmp_path, greeting=greeting) as server:
        # Django's own limit, for each read, is so long that none of these ends by it.
        send_to(settings, server.port, timeout=60)
        for _ in range(MAX_OVERDUE):
            with pytest.raises(Deferred):
                hand_over(message(), limit=SHORT / 8)
        before = time.monotonic()
        with pytest.raises(Deferred, match="mail server hangs"):
            hand_over(message())
        assert time.monotonic() - before < PATIENCE_S
        server.kill()
        eventually(lambda: not deadlines.hanging(mail_server.what()))


def test_nobody_listens(settings: Any) -> None:
    with refusing_port() as port:
        send_to(settings, port)
        with pytest.raises(Deferred, match="ConnectionRefusedError"):
            hand_over(message())


def test_many_messages_take_one_connection(mail: SmtpServer) -> None:
    for _ in range(20):
        hand_over(message(subject="many"))
    found = taken(mail, "many")
    assert len(found) == 20
    assert len({one["X-Connection"] for one in found}) == 1


def test_a_connection_that_was_ended_meanwhile_is_opened_again(
    tmp_path: Path, settings: Any
) -> None:
    with use(settings, SmtpServer(tmp_path)) as server:
        hand_over(message())
        server.kill()
        server.start()
        hand_over(message())
        assert len(server.taken) == 2


def test_a_server_that_has_had_enough_of_a_connection_gets_another(mail: SmtpServer) -> None:
    hand_over(message("busy", "enough"))
    hand_over(message(subject="enough"))
    first, second = taken(mail, "enough")
    assert first["X-Connection"] != second["X-Connection"]


def test_a_connection_that_nobody_used_for_long_is_not_used(
    mail: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over(message(subject="old"))
    monkeypatch.setattr(mail_server, "KEPT_FOR_S", -1.0)
    hand_over(message(subject="old"))
    first, second = taken(mail, "old")
    assert first["X-Connection"] != second["X-Connection"]


def test_a_quit_without_an_answer_is_no_failure(
    mail: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_server, "QUIT_LIMIT", timedelta(seconds=0.2))
    hand_over(message("quit", "quit"))
    close_idle()
    assert len(taken(mail, "quit")) == 1
    eventually(lambda: not deadlines.hanging(mail_server.what()))


def test_two_at_a_time_are_both_taken(mail: SmtpServer) -> None:
    hand_over(message(subject="two"))
    threads = [threading.Thread(target=hand_over, args=[message(subject="two")]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken(mail, "two")) == 3


@pytest.mark.parametrize("address", ["ada@bücher.example", "Ada@EXAMPLE.org"])
def test_an_address_of_another_script_arrives(mail: SmtpServer, address: str) -> None:
    channel = Email()
    channel.hand_over(channel.render(outgoing(row(title=address), address=address)), address)
    [found] = taken(mail, address)
    assert found["X-Rcpt-To"] == address.replace("bücher", "xn--bcher-kva")
    channel.close()


def test_all_that_a_stranger_writes_is_in_the_message_and_nowhere_else(mail: SmtpServer) -> None:
    evil = "Ada\r\nBcc: eve@example.org\r\n\r\n.\r\nQUIT"
    channel = Email()
    notice = row(title=f"evil {evil}", body=f"شحنت 👩🏽‍🚀 {evil}", actor={"id": "1", "name": evil})
    channel.hand_over(channel.render(outgoing(notice)), "ada@example.org")
    [found] = [one for one in mail.taken if one["Subject"].startswith("evil")]
    assert found["Bcc"] is None
    assert found["X-Rcpt-To"] == "ada@example.org"
    body = found.get_body(["plain"]).get_content()
    assert "شحنت 👩🏽‍🚀" in body
    assert "QUIT" in body


def test_a_message_that_cannot_be_written_is_refused(mail: SmtpServer) -> None:
    wrong = message(subject="One\nBcc: eve@example.org")
    with pytest.raises(MessageRefused, match=r"newline|linefeed"):
        hand_over(wrong)


def test_a_setting_that_is_wrong_loses_no_message(mail: SmtpServer, settings: Any) -> None:
    send_to(settings, mail.port, use_tls=True, use_ssl=True)
    with pytest.raises(Deferred, match=r"mutually exclusive|incompatible"):
        hand_over(message())


class TestOtherBackends:
    """Of which nobody knows how far they have come."""

    @pytest.fixture(autouse=True)
    def backend(self, settings: Any) -> Iterator[None]:
        send_by(settings, f"{__name__}.Backend")
        yield
        Backend.error, Backend.sent = None, 1

    def test_what_it_takes_is_taken(self) -> None:
        hand_over(message())

    def test_one_that_returns_nothing_is_believed(self) -> None:
        Backend.sent = None
        hand_over(message())

    def test_one_that_says_it_has_sent_none_is_asked_again(self) -> None:
        Backend.sent = 0
        with pytest.raises(Deferred):
            hand_over(message())

    @pytest.mark.parametrize(
        ("error", "failure"),
        [
            (ConnectionRefusedError(), Deferred),
            (ConnectionResetError(), Unanswered),
            (RuntimeError("?"), Unanswered),
            (AddressRefused("gone"), AddressRefused),
        ],
    )
    def test_what_it_raises(self, error: Exception, failure: type[HandOverFailed]) -> None:
        Backend.error = error
        with pytest.raises(failure):
            hand_over(message())

    def test_that_of_djangos_tests_works(self, settings: Any) -> None:
        send_by(settings, "django.core.mail.backends.locmem.EmailBackend")
        hand_over(message(subject="in memory"))
        assert django_mail.outbox[-1].subject == "in memory"


class Backend(BaseEmailBackend):
    error: Exception | None = None
    sent: int | None = 1

    def send_messages(self, email_messages: Any) -> Any:
        if self.error is not None:
            raise self.error
        return self.sent


def test_an_attempt_is_committed_or_abandoned_and_never_both() -> None:
    left = Attempt()
    left.abandon()
    with pytest.raises(TimeoutError):
        left.commit()
    assert not left.committed
    right = Attempt()
    right.commit()
    right.abandon()
    assert right.committed
