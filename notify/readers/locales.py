"""The locale in which somebody is told the texts of kinds."""

from __future__ import annotations

import functools
import logging
import zoneinfo
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import get_supported_language_variant

from notify import conf
from notify.changes import Locale
from notify.kinds import registry
from notify.models import Reader, user_pk
from notify.models.users import all_users, user_of

logger = logging.getLogger(__name__)

_zones = functools.cache(zoneinfo.available_timezones)


def site() -> Locale:
    """The site's: LANGUAGE_CODE and TIME_ZONE."""
    return Locale(settings.LANGUAGE_CODE, settings.TIME_ZONE)


def named(language: str | None, zone: str | None, otherwise: Locale) -> Locale:
    """The locale that is asked for, with the parts of `otherwise` for those that are left out, or
    that this site does not have."""
    return _shared(
        _language(language) or otherwise.language,
        zone if zone and is_zone(zone) else otherwise.zone,
    )


def is_zone(name: str) -> bool:
    """Whether this machine knows a zone of this name. Any other text could be a path."""
    return name in _zones()


def asked(language: str | None, zone: str | None) -> Locale | None:
    """The locale that a client asks for. None where it is the person's `own`: it names no
    language, and the project has kinds, whose texts depend on it."""
    return named(language, zone, site()) if language or registry.is_empty() else None


def own(user: str, zone: str | None = None) -> Locale:
    """The locale of a person whose client names no language: what they have chosen, else what
    NOTIFY_READER says, else that of their last page, else the site's.

    Args:
        user: `str(user.pk)`.
        zone: the zone that the client names, which goes before the others.
    """
    reader = Reader.objects.filter(user_id=user_pk(user)).first() or Reader()
    last = named(reader.shown_language, reader.shown_zone, site())
    chosen = named(reader.language, reader.zone, named(*_of_project(user), last))
    return named(None, zone, chosen)


def note_shown(shown: Sequence[tuple[str, Locale]]) -> list[bool]:
    """Remembers the locale of people's last pages; each is `str(user.pk)` and the locale.

    Returns:
        For each, whether it is another zone than that of their page before.
    """
    wanted = {user_pk(user): locale for user, locale in shown}
    known = {
        one.user_id: (one.shown_language, one.shown_zone)
        for one in Reader.objects.filter(user_id__in=wanted)
    }
    others = {user: locale for user, locale in wanted.items() if known.get(user) != locale}
    if others:
        existing = all_users().filter(pk__in=others).values_list("pk", flat=True)
        _save(
            Reader(user_id=user, shown_language=others[user].language, shown_zone=others[user].zone)
            for user in existing
        )
    return [
        user_pk(user) in others and (known.get(user_pk(user)) or ("", ""))[1] != locale.zone
        for user, locale in shown
    ]


def is_language(code: str) -> bool:
    """Whether it is one of LANGUAGES, as written there."""
    return _language(code) == code


def _save(readers: Iterable[Reader]) -> None:
    Reader.objects.bulk_create(
        readers,
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["shown_language", "shown_zone"],
    )


def _of_project(user: str) -> tuple[str | None, str | None]:
    """What NOTIFY_READER says of them, a language and a zone."""
    path = conf.current().reader
    if path is None:
        return None, None
    try:
        found = import_string(path)(user_of(user)) or {}
        return found.get("language"), found.get("zone")
    except Exception:  # the code of a project
        logger.exception("NOTIFY_READER failed for a user.")
        return None, None


def _language(code: str | None) -> str | None:
    try:
        return get_supported_language_variant(code) if code else None
    except LookupError:
        return None


@functools.cache
def _shared(language: str, zone: str) -> Locale:
    """One object for the thousands of sockets that have the same."""
    return Locale(language, zone)
