"""`manage.py notify_doctor`: examines a deployment, and corrects the counts of inboxes."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, load_backend
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from notify import sending
from notify.bus.publisher import publisher
from notify.inbox import upkeep
from notify.management.arguments import user_named
from notify.models import Inbox

SESSION_S = 600


class Command(BaseCommand):
    help = (
        "Examines a deployment, one line per step: ok, hint (advice), WEAK (an attacker can use "
        "it) or FAIL (it does not work). --url connects as a browser does, sends five notices to "
        "--user, and recalls them. With https:// it then tries what an attacker would, in some "
        "150 requests without a password; a site that a single request can take down will be down "
        "for some seconds. --nginx reads what no request can show. --email sends a test e-mail by "
        "each mailer that a channel uses, and tells what the server answers. Safe while servers "
        "run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--recount", action="store_true", help="correct the counts of all inboxes"
        )
        parser.add_argument("--url", help="the public address: https://notify.example.org")
        parser.add_argument("--nginx", help="the main configuration file: /etc/nginx/nginx.conf")
        parser.add_argument("--email", metavar="ADDRESS", help="send test e-mails to this address")
        parser.add_argument("--user", help="the username to connect as; use a test user")
        parser.add_argument(
            "--idle", type=float, default=0, help="seconds to wait for an idle socket to be closed"
        )
        parser.add_argument("--ca", help="a file with additional certificates to trust")
        parser.add_argument(
            "--http-port", type=int, default=80, help="the port of http://, if not 80"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not any(options[name] for name in ("recount", "url", "nginx", "email")):
            raise CommandError("Pass --recount, --nginx, --email, or --url with --user.")
        if options["recount"]:
            examined, corrected = _recount_all()
            publisher.flush()
            self.stdout.write(f"Recounted {examined} inboxes and corrected {corrected}.")
        if options["email"]:
            self._examine_email(options["email"])
        if options["url"] or options["nginx"]:
            self._examine(options)

    def _examine_email(self, address: str) -> None:
        from notify.management.mailing import examine_email

        levels = set()
        for level, step, text in examine_email(address):
            self.stdout.write(f"{level:4}  {step:14}  {text}.")
            levels.add(level)
        if "FAIL" in levels:
            raise CommandError("E-mails don't go out: see FAIL above.")

    def _examine(self, options: dict[str, Any]) -> None:
        doctor = _doctor()
        levels = set()
        for finding in _findings(doctor, options):
            self.stdout.write(f"{finding.level:4}  {finding.step:14}  {finding.text}.")
            levels.add(finding.level)
        if doctor.Level.FAIL in levels:
            raise CommandError("The deployment does not work: see FAIL above.")
        if doctor.Level.WEAK in levels:
            raise CommandError("The deployment works, but has weaknesses: see WEAK above.")


def _findings(doctor: Any, options: dict[str, Any]) -> Iterator[Any]:
    if options["url"]:
        yield from _examine_url(doctor, options)
    if options["nginx"]:
        socket = doctor.socket_path_at(options["url"] or "")
        yield from doctor.examine_nginx(options["nginx"], socket)


def _examine_url(doctor: Any, options: dict[str, Any]) -> Iterator[Any]:
    if not options["url"].startswith(("http://", "https://")):
        raise CommandError("--url must begin with http:// or https://.")
    if not options["user"]:
        raise CommandError("Pass --user, the username to connect as. Use a test user.")
    user = user_named(options["user"])
    context = None
    if options["ca"]:
        context = ssl.create_default_context()
        context.load_verify_locations(options["ca"])
    with _session(user) as cookie, _notices(user) as send:
        target = doctor.Target(
            options["url"], cookie, send, options["idle"], context, options["http_port"]
        )
        yield from doctor.examine(target)


def _doctor() -> Any:
    try:
        return import_module("notify.management.doctor")
    except ImportError as error:
        raise CommandError(
            f"--url and --nginx need the extra `doctor` of django-notify-live ({error})."
        ) from error


@contextmanager
def _session(user: Any) -> Iterator[str]:
    """The cookie of a session of this user, which is deleted at the end."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = _backend_of(user)
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.set_expiry(SESSION_S)
    session.save()
    try:
        yield f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
    finally:
        session.delete()


def _backend_of(user: Any) -> str:
    """The first backend that loads this user. Some load nobody: that of django-axes, which comes
    first, only watches sign-in attempts."""
    for path in settings.AUTHENTICATION_BACKENDS:
        backend: Any = load_backend(path)
        if hasattr(backend, "get_user") and backend.get_user(user.pk) is not None:
            return path
    raise CommandError(
        f"No backend in AUTHENTICATION_BACKENDS loads {user}: is the account active? "
        "Pass a --user who can sign in."
    )


@contextmanager
def _notices(user: Any) -> Iterator[Any]:
    """A function that sends the user a notice; all are recalled at the end."""
    sent: list[Any] = []

    def send() -> int:
        expires = timezone.now() + timedelta(seconds=SESSION_S)
        title = "notify_doctor is checking that notices arrive"
        notice = sending.send(to=user, title=title, kind="notify.doctor", expires=expires)
        sent.append(notice)
        return int(notice.pk)

    try:
        yield send
    finally:
        for notice in sent:
            sending.recall(notice)
        publisher.flush()


def _recount_all() -> tuple[int, int]:
    """How many inboxes were examined, and how many had wrong counts."""
    users = Inbox.objects.order_by("pk").values_list("pk", flat=True)
    examined = corrected = 0
    for user in users.iterator():
        change = upkeep.recount(str(user))
        examined += 1
        if change is not None:
            corrected += 1
            publisher.publish(change)
    return examined, corrected
