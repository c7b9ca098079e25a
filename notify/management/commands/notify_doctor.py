"""`manage.py notify_doctor`: finds what is wrong, and mends it."""

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
from notify.management.people import person
from notify.models import Inbox

SESSION_S = 600


class Command(BaseCommand):
    help = (
        "Finds what is wrong. --url walks from here to a socket as a browser would, and tells of "
        "each hop; it sends its user five notices, and recalls them. With https:// it then tries "
        "what an attacker would, in some 150 requests, none with a password. Safe while servers "
        "run; but a site that one request can switch off will be off for some seconds. --nginx "
        "reads what cannot be seen from outside."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--recount", action="store_true", help="set the counts of all inboxes from their rows"
        )
        parser.add_argument("--url", help="the public address, as in https://notify.example.org")
        parser.add_argument(
            "--nginx", help="the main file of its configuration, as in /etc/nginx/nginx.conf"
        )
        parser.add_argument("--user", help="who connects: best one that is for tests alone")
        parser.add_argument(
            "--idle", type=float, default=0, help="seconds to see whether a quiet socket is closed"
        )
        parser.add_argument("--ca", help="a file of certificates to trust, beside the machine's")
        parser.add_argument(
            "--http-port", type=int, default=80, help="the port of http://, where it is not 80"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["recount"] or options["url"] or options["nginx"]):
            raise CommandError("Say what to do: --recount, --nginx, or --url with --user.")
        if options["recount"]:
            looked_at, wrong = _recount_all()
            publisher.flush()
            self.stdout.write(
                f"Recounted {looked_at} inboxes; {wrong} were wrong and are right now."
            )
        if options["url"] or options["nginx"]:
            self._examine(options)

    def _examine(self, options: dict[str, Any]) -> None:
        doctor = _doctor()
        levels = set()
        for finding in _findings(doctor, options):
            self.stdout.write(f"{finding.level:4}  {finding.hop:14}  {finding.said}.")
            levels.add(finding.level)
        if doctor.Level.ILL in levels:
            raise CommandError("It does not work; see the lines with ILL above.")
        if doctor.Level.WEAK in levels:
            raise CommandError("It works, but can be attacked; see the lines with WEAK above.")


def _findings(doctor: Any, options: dict[str, Any]) -> Iterator[Any]:
    if options["url"]:
        yield from _visit(doctor, options)
    if options["nginx"]:
        socket = doctor.socket_path_at(options["url"] or "")
        yield from doctor.examine_nginx(options["nginx"], socket)


def _visit(doctor: Any, options: dict[str, Any]) -> Iterator[Any]:
    if not options["url"].startswith(("http://", "https://")):
        raise CommandError("--url must begin with http:// or https://.")
    if not options["user"]:
        raise CommandError("Say with --user who connects: best one that is for tests alone.")
    user = person(options["user"])
    context = None
    if options["ca"]:
        context = ssl.create_default_context()
        context.load_verify_locations(options["ca"])
    with _session(user) as cookie, _notices(user) as send:
        patient = doctor.Patient(
            options["url"], cookie, send, options["idle"], context, options["http_port"]
        )
        yield from doctor.examine(patient)


def _doctor() -> Any:
    try:
        return import_module("notify.management.doctor")
    except ImportError as error:
        raise CommandError(
            f"--url and --nginx need the extra: pip install 'django-notify-live[doctor]' ({error})."
        ) from error


@contextmanager
def _session(user: Any) -> Iterator[str]:
    """A cookie that signs the user in, for the time of the visit."""
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
    """The first backend that loads this user. Some load nobody: they only look at attempts to
    sign in, as that of django-axes does, and stand first."""
    for path in settings.AUTHENTICATION_BACKENDS:
        backend: Any = load_backend(path)
        if hasattr(backend, "get_user") and backend.get_user(user.pk) is not None:
            return path
    raise CommandError(
        f"No backend of AUTHENTICATION_BACKENDS loads {user}; is the account active? "
        "Say with --user who can sign in."
    )


@contextmanager
def _notices(user: Any) -> Iterator[Any]:
    """Sends a notice each time that it is called; they are recalled at the end."""
    sent: list[Any] = []

    def send() -> int:
        expires = timezone.now() + timedelta(seconds=SESSION_S)
        title = "The doctor is looking whether notices arrive"
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
    users = Inbox.objects.order_by("pk").values_list("pk", flat=True)
    looked_at = wrong = 0
    for user in users.iterator():
        change = upkeep.recount(str(user))
        looked_at += 1
        if change is not None:
            wrong += 1
            publisher.publish(change)
    return looked_at, wrong
