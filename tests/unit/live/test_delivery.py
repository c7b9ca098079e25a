"""What a hint sends to the sockets of its users."""

import asyncio
import json

import pytest
from django.utils.translation import get_language

from notify import Kind, metrics
from notify.bus.hints import ChangeHint, change_hint
from notify.changes import Change, Locale, Row, Step, TypedRow
from notify.inbox import renderings
from notify.live.hub import Hub
from tests.unit.live.fakes import Recorder, Wire, open_connection, settle


class Broken(Recorder):
    def write(self, text: str) -> bool:
        raise ValueError("cannot be written")


class Language(Kind):
    key = "tests.language"

    def title(self) -> str:
        return get_language() or ""


async def test_a_socket_that_cannot_be_written_to_does_not_delay_the_others() -> None:
    hub, lost = Hub(asyncio.get_running_loop()), []
    broken = open_connection(Wire(), direct=Broken(), hub=hub, lost=lambda: lost.append(1))
    recorder = Recorder()
    other = open_connection(Wire(), direct=recorder, hub=hub)
    for n in range(2):
        broken.write("one")
        other.write(f"{n}")
        await settle()
    assert recorder.texts == ["0", "1"]
    assert lost == [1, 1]
    await hub.pool.close()


def arrival(*steps: Step) -> ChangeHint:
    return change_hint(Change([*steps], arrivals=[{"id": 1, "title": "a"}]))


async def test_a_hint_sends_each_socket_what_it_is_missing() -> None:
    hub = Hub(asyncio.get_running_loop())
    wires = {name: Wire() for name in ("one", "two", "busy", "behind", "other")}
    users = {"one": "1", "two": "1", "busy": "2", "behind": "3", "other": "4"}
    sockets = {name: open_connection(wires[name], user=users[name], hub=hub) for name in wires}
    for socket in sockets.values():
        hub.add(socket)
    sockets["busy"].write('{"type":"pong","id":1}')
    written = metrics.DELIVERIES.values.get("process", 0)
    hint = arrival(
        Step("1", "e1", 0, 1, 1, 1, 1),
        Step("2", "e1", 0, 1, 2, 2, 2),
        Step("3", "e1", 1, 2, 3, 3, 3),
        Step("1", "e1", 1, 2, 4, 4, 4),
        Step("not here", "e1", 0, 1, 5, 5, 5),
    )

    hub.receive(hint)
    gaps = {*hub.catching_up._gaps}
    await settle()

    def versions(name: str) -> list[tuple[int, int, int]]:
        inbox = [one for one in wires[name].frames if one["type"] == "inbox"]
        return [(one["from"], one["to"], one["unseen"]) for one in inbox]

    assert versions("one") == versions("two") == [(0, 2, 4)]
    assert versions("busy") == [(0, 1, 2)]
    assert gaps == {sockets["behind"]}
    assert [versions("behind"), versions("other")] == [[], []]
    assert metrics.DELIVERIES.values["process"] == written + 5
    noted = [name for name, one in sockets.items() if one.unconfirmed_since == hint["at"]]
    assert noted == ["one", "two", "busy"]
    await hub.stop()


async def test_an_incomplete_hint_is_sent_to_nobody() -> None:
    hub, wire = Hub(asyncio.get_running_loop()), Wire()
    hub.add(open_connection(wire, hub=hub))
    hint = arrival(Step("1", "e1", 0, 1, 1, 1, 1))
    hint["steps"].append("2")
    with pytest.raises(ValueError, match="6 values"):
        hub.receive(hint)
    await settle()
    assert wire.frames == []
    await hub.stop()


@pytest.mark.parametrize("what", ["arrivals", "rows"])
async def test_each_socket_is_told_of_a_kind_in_its_language(what: str) -> None:
    hub = Hub(asyncio.get_running_loop())
    languages = ["en", "de", "de", "ar"]
    wires = [Wire() for _ in languages]
    for user, (wire, language) in enumerate(zip(wires, languages, strict=True)):
        hub.add(open_connection(wire, user=f"{user}", hub=hub, locale=Locale(language, "UTC")))
    steps = [Step(f"{user}", "e1", 0, 1, 1, 1, 1) for user in range(len(wires))]
    numbers = {"arrived": 1, "version": 1} if what == "rows" else {}
    row = TypedRow({**numbers, "id": 1, "kind": Language.key, "title": "as sent"}, "{}")
    change = Change(steps, rows=[row]) if what == "rows" else Change(steps, [row])
    hub.receive(change_hint(change))
    await settle()
    titles = [
        row["title"]
        for wire in wires
        for frame in wire.frames
        if frame["type"] == "inbox"
        for row in frame["notifications"]
    ]
    assert titles == languages
    await hub.pool.close()


class Long(Kind):
    key = "tests.long"

    text: str

    def title(self) -> str:
        return get_language() or ""

    def body(self) -> str:
        return self.text


def rows_of(wire: Wire) -> list[Row]:
    return [
        row for frame in wire.frames if frame["type"] == "inbox" for row in frame["notifications"]
    ]


async def test_three_languages_of_a_thousand_sockets_are_made_once_each_of_a_full_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("notify.live.revalidation.REVALIDATE_WAIT_S", 60)  # so many take a second
    hub = Hub(asyncio.get_running_loop())
    languages = ["en", "de", "ar"]
    wires = [Wire() for _ in range(1000)]
    for user, wire in enumerate(wires):
        locale = Locale(languages[user % 3], "UTC")
        hub.add(open_connection(wire, user=f"{user}", hub=hub, locale=locale))
    params = json.dumps({"text": "x" * 3500})
    rows = [TypedRow({"id": n, "kind": Long.key, "title": "as sent"}, params) for n in range(18)]
    steps = [Step(f"{user}", "e1", 0, len(rows), 1, 1, 1) for user in range(len(wires))]
    hint = change_hint(Change(steps, rows))
    assert len(hint["arrivals"]) == len(rows)
    one_more = [*rows, TypedRow({**rows[0], "id": 18}, params)]
    assert change_hint(Change(steps, one_more))["arrivals"] == []  # above 64 KiB

    renderings._texts.cache_clear()
    hub.receive(hint)
    await settle()
    assert renderings._texts.cache_info().misses == 3
    for user, wire in enumerate(wires):
        told = rows_of(wire)
        assert [row["id"] for row in told] == [row["id"] for row in rows]
        assert {row["title"] for row in told} == {languages[user % 3]}
    await hub.stop()


class Raising(Kind):
    key = "tests.raising"

    def title(self) -> str:
        raise RuntimeError("cannot be said")


@pytest.mark.parametrize("key", [Raising.key, "tests.of_a_newer_process"])
async def test_a_notice_that_cannot_be_said_anew_goes_out_as_it_was_sent_with_the_others(
    key: str,
) -> None:
    hub, wire = Hub(asyncio.get_running_loop()), Wire()
    hub.add(open_connection(wire, hub=hub, locale=Locale("de", "UTC")))
    rows = [
        TypedRow({"id": 1, "kind": Language.key, "title": "as sent"}, "{}"),
        TypedRow({"id": 2, "kind": key, "title": "as sent"}, "{}"),
        {"id": 3, "kind": "", "title": "as written"},
    ]
    hub.receive(change_hint(Change([Step("1", "e1", 0, 3, 1, 1, 1)], rows)))
    await settle()
    told = [(row["title"], row.get("fallback", False)) for row in rows_of(wire)]
    lacks_it = key != Raising.key
    assert told == [("de", False), ("as sent", lacks_it), ("as written", False)]
    await hub.stop()
