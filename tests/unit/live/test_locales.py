"""The locale of a socket."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from notify.changes import Locale
from notify.inbox.reconsidering import reconsider
from notify.kinds import registry
from notify.live.locales import Locales
from notify.readers import locales


class Pool:
    """Notes what it is asked to run, and answers."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    async def run(self, work: Any, *args: Any) -> Any:
        self.asked.append((work, *args))
        return self.answer


@pytest.mark.parametrize("language", [None, "de"])
async def test_a_project_without_kinds_pays_nothing(
    monkeypatch: pytest.MonkeyPatch, language: str | None
) -> None:
    monkeypatch.setattr(registry, "_kinds", {})
    pool = Pool(None)
    spawned: list[Any] = []
    of_socket = Locales(pool, spawned.append).of_socket  # type: ignore[arg-type]
    assert await of_socket("1", language, "UTC") == Locale(language or "en", "UTC")
    assert pool.asked == spawned == []


async def test_a_client_that_names_none_is_told_its_persons_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_kinds", {"a.kind": object})
    pool = Pool(Locale("de", "Asia/Tokyo"))
    spawned: list[Any] = []
    of_socket = Locales(pool, spawned.append).of_socket  # type: ignore[arg-type]
    assert await of_socket("1", None, "Asia/Tokyo") == Locale("de", "Asia/Tokyo")
    assert pool.asked == [(locales.own, "1", "Asia/Tokyo")]
    assert spawned == []


async def test_the_language_of_a_page_is_noted_for_many_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "_kinds", {"a.kind": object})
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []
    pool = Pool([False, True])
    ours = Locales(pool, lambda work: tasks.append(loop.create_task(work)))  # type: ignore[arg-type]
    german = Locale("de", "UTC")
    assert [await ours.of_socket(user, "de", "UTC") for user in "12"] == [german] * 2
    while pending := [task for task in tasks if not task.done()]:
        await asyncio.gather(*pending)
    noted = (locales.note_shown, [("1", german), ("2", german)])
    assert pool.asked == [noted, (reconsider, "2")]  # who is in another zone now
