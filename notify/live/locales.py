"""The locale of a socket, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from notify.changes import Locale
from notify.inbox.reconsidering import reconsider
from notify.kinds import registry
from notify.live.loader import Loader
from notify.live.pool import DatabasePool
from notify.readers import locales


class Locales:
    """Asks nothing of the database where the project has no kinds: no text depends on it then."""

    def __init__(
        self, pool: DatabasePool, spawn: Callable[[Coroutine[Any, Any, None]], None]
    ) -> None:
        self._pool = pool
        self._spawn = spawn
        self._shown = Loader(pool, locales.note_shown, spawn)

    async def of_socket(self, user: str, language: str | None, zone: str | None) -> Locale:
        """The locale that a client asks for; without a language, the person's own.

        Raises:
            django.db.Error: The database cannot be asked for the latter.
        """
        locale = locales.asked(language, zone)
        if locale is None:
            return await self._pool.run(locales.own, user, zone)
        if not registry.is_empty():
            self._spawn(self._note_shown(user, locale))
        return locale

    async def _note_shown(self, user: str, locale: Locale) -> None:
        if await self._shown.load((user, locale)):  # their digests are due by the zone
            await self._pool.run(reconsider, user)
