"""A plain client, written from docs/protocol.md alone, against a real server."""

import asyncio
import json
from collections.abc import Callable
from functools import partial

import pytest
from django.contrib.auth.models import User
from websockets.exceptions import InvalidStatus

import notify
from notify.live.commands import CLOSES_BURST
from notify.models import Inbox, Notice
from tests.conftest import StartServer
from tests.harness.client import Client
from tests.harness.database import orm
from tests.harness.server import DAPHNE, UVICORN, Server
from tests.harness.waiting import aeventually, deadline
from tests.integration.conftest import client_of

pytestmark = pytest.mark.django_db(transaction=True)


async def send(to: object, title: str = "Hello", **fields: object) -> Notice:
    return await orm(notify.send, to=to, title=title, **fields)


# Opening


async def test_the_first_frame_is_hello_and_an_empty_inbox_is_a_reset(
    server: Server, ada: User
) -> None:
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        hello, inbox = client.frames
        assert hello["type"] == "hello"
        assert (hello["protocol"], hello["version"]) == (1, 0)
        assert (hello["ping_interval"], hello["ping_timeout"]) == (20, 15)
        assert isinstance(hello["user"], str)
        assert hello["user"] != str(ada.pk)
        assert inbox["reset"] is True
        assert (inbox["from"], inbox["to"], inbox["notifications"]) == (0, 0, [])
        assert inbox["next"] is None
        assert client.subprotocol == "notify.v1"


async def test_a_client_that_offers_no_subprotocol_is_accepted(server: Server, ada: User) -> None:
    async with await orm(client_of, server, ada, subprotocols=None) as client:
        await client.frame("hello")
        assert client.subprotocol is None


async def test_a_client_that_offers_others_only_is_refused(server: Server, ada: User) -> None:
    client = await orm(client_of, server, ada, subprotocols=("graphql-ws",))
    with pytest.raises(InvalidStatus) as refused:
        await client.connect()
    assert refused.value.response.status_code == 403


FOREIGN_ORIGINS = [
    None,
    "null",
    "http://evil.example",
    "http://127.0.0.1:1",
    "https://127.0.0.1:{port}",
    "http://127.0.0.1:{port}/",
    "http://user@127.0.0.1:{port}",
    "http://127.0.0.1.evil.example:{port}",
]
MALFORMED_ORIGINS = ["nonsense", "http://127.0.0.1:{port}.evil.example"]


async def test_a_foreign_or_missing_origin_is_refused(
    server: Server, ada: User, subtests: pytest.Subtests
) -> None:
    client = await orm(client_of, server, ada)
    for origin in FOREIGN_ORIGINS:
        client.origin = origin and origin.format(port=server.port)
        with subtests.test(origin=origin):
            with pytest.raises(InvalidStatus) as refused:
                await client.connect()
            assert refused.value.response.status_code == 403


@pytest.mark.parametrize("command", [DAPHNE, UVICORN], ids=["daphne", "uvicorn"])
async def test_a_malformed_origin_is_refused(
    start_server: StartServer, ada: User, command: tuple[str, ...], subtests: pytest.Subtests
) -> None:
    server = start_server(command=command)
    client = await orm(client_of, server, ada)
    for origin in MALFORMED_ORIGINS:
        client.origin = origin.format(port=server.port)
        with subtests.test(origin=origin):
            with pytest.raises(InvalidStatus) as refused:
                await client.connect()
            # autobahn, below Daphne, answers some of them itself, before we are asked.
            assert refused.value.response.status_code == (400 if command is DAPHNE else 403)


async def test_an_allowed_origin_is_accepted(start_server: StartServer, ada: User) -> None:
    server = start_server(NOTIFY_ALLOWED_ORIGINS="https://app.example.org")
    client = await orm(client_of, server, ada)
    client.origin = "https://app.example.org"
    async with client:
        await client.frame("hello")


# Catching up


async def test_a_client_that_was_away_gets_what_it_missed_once_and_in_order(
    server: Server, ada: User
) -> None:
    client = await orm(client_of, server, ada)
    await send(ada, "before")
    async with client:
        await client.until(lambda: client.titles == ["before"])
    for title in ("one", "two", "three"):
        await send(ada, title)
    async with client:
        await client.until(lambda: client.version == 4)
        assert client.titles == ["three", "two", "one", "before"]
        assert (client.unseen, client.unread) == (4, 4)
        [inbox] = client.of_type("inbox")
        assert (inbox["from"], inbox["to"], len(inbox["notifications"])) == (1, 4, 3)
        assert "reset" not in inbox


async def test_a_client_that_is_up_to_date_gets_hello_only(server: Server, ada: User) -> None:
    client = await orm(client_of, server, ada)
    await send(ada)
    async with client:
        await client.frame("inbox")
    async with client:
        await client.send(type="ping", id=1)
        await client.frame("pong")
        assert [one["type"] for one in client.frames] == ["hello", "pong"]


CURSORS_THAT_LEAD_NOWHERE = [
    {"epoch": "of another life", "since": "1"},
    {"epoch": "{epoch}", "since": "99"},
    {"epoch": "{epoch}"},
    {"since": "1"},
    {"epoch": "{epoch}", "since": "-1"},
    {"epoch": "{epoch}", "since": "one"},
]


async def test_a_cursor_that_leads_nowhere_is_answered_by_a_reset(
    server: Server, ada: User, subtests: pytest.Subtests
) -> None:
    await send(ada)
    client = await orm(client_of, server, ada)
    async with client:
        await client.frame("inbox")
    epoch = client.epoch
    for query in CURSORS_THAT_LEAD_NOWHERE:
        again = await orm(client_of, server, ada)
        again.query = {name: value.format(epoch=epoch) for name, value in query.items()}
        with subtests.test(query=query):
            async with again:
                assert (await again.frame("inbox"))["reset"] is True


async def test_more_than_200_changed_rows_are_a_reset_of_50(server: Server, ada: User) -> None:
    client = await orm(client_of, server, ada)
    async with client:
        await client.frame("inbox")

    def send_many() -> None:
        for n in range(201):
            notify.send(to=ada, title=str(n))

    await orm(send_many)
    async with client:
        inbox = await client.frame("inbox")
        assert inbox["reset"] is True
        assert [row["title"] for row in inbox["notifications"]] == [
            str(n) for n in range(200, 150, -1)
        ]
        assert inbox["next"] == inbox["notifications"][-1]["arrived"]
        assert inbox["unread"] == 201


async def test_a_catch_up_of_200_rows_is_four_contiguous_frames(server: Server, ada: User) -> None:
    client = await orm(client_of, server, ada)
    async with client:
        await client.frame("inbox")

    def send_many() -> None:
        for n in range(200):
            notify.send(to=ada, title=str(n))

    await orm(send_many)
    async with client:
        await client.until(lambda: client.version == 200)
        assert client.applied[1:] == [(0, 50), (50, 100), (100, 150), (150, 200)]


async def test_a_notice_arrives_on_a_live_socket_and_in_no_other_inbox(
    server: Server, ada: User, bob: User
) -> None:
    async with (
        await orm(client_of, server, ada) as adas,
        await orm(client_of, server, bob) as bobs,
    ):
        await adas.frame("inbox")
        await bobs.frame("inbox")
        notice = await send(
            ada,
            "Déjà vu 🎉",
            body="<b>bold</b>",
            level="warning",
            category="deploys",
            url="/orders/7/",
            actor=bob,
            actions=[{"label": "Open", "url": "/orders/7/"}],
            data={"order": 7},
        )
        await adas.until(lambda: adas.version == 1)
        [row] = adas.shown
        assert row == {
            "id": notice.pk,
            "arrived": 1,
            "version": 1,
            "kind": "",
            "category": "deploys",
            "level": "warning",
            "title": "Déjà vu 🎉",
            "body": "<b>bold</b>",
            "url": "/orders/7/",
            "actor": {"id": str(bob.pk), "name": "bob"},
            "actions": [{"label": "Open", "url": "/orders/7/"}],
            "data": {"order": 7},
            "created": notice.created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "expires": None,
            "seen": None,
            "read": None,
            "archived": None,
            "recalled": None,
        }
        await bobs.send(type="ping", id=1)
        await bobs.frame("pong")
        assert bobs.version == 0


async def test_what_is_sent_together_arrives_as_one_frame(server: Server, ada: User) -> None:
    def send_three() -> None:
        notify.send_many(notify.NewNotice(to=ada, title=f"Notice {n}") for n in range(3))

    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        await orm(send_three)
        frame = await client.frame(lambda frame: frame.get("to") == 3)
        assert (frame["from"], frame["to"], frame["unseen"], frame["unread"]) == (0, 3, 3, 3)
        assert [row["arrived"] for row in frame["notifications"]] == [1, 2, 3]
        assert client.titles == ["Notice 2", "Notice 1", "Notice 0"]


async def test_a_recalled_notice_is_gone_from_the_screen(server: Server, ada: User) -> None:
    notice = await send(ada, "Wrong", body="very", data={"secret": 1})
    async with await orm(client_of, server, ada) as client:
        await client.until(lambda: client.titles == ["Wrong"])
        await orm(notify.recall, notice)
        await client.until(lambda: client.titles == [])
        row = client.rows[notice.pk]
        assert row["recalled"]
        assert (row["title"], row["body"], row["data"], row["url"]) == ("", "", {}, None)
        assert (client.unseen, client.unread) == (0, 0)


# What a client may say


async def test_a_mark_is_done_and_every_socket_of_the_user_knows(server: Server, ada: User) -> None:
    notice = await send(ada)
    async with (
        await orm(client_of, server, ada) as one,
        await orm(client_of, server, ada) as other,
    ):
        await one.frame("inbox")
        await other.frame("inbox")
        done = await one.mark("read", notice.pk)
        assert (done["type"], done["version"]) == ("done", 2)
        for client in (one, other):
            await client.until(partial(_is_read, client, notice.pk))
            assert client.unread == 0
            assert client.rows[notice.pk]["seen"]
        again = await one.mark("read", notice.pk)
        assert again["version"] == 2


def _is_read(client: Client, notice_id: int) -> bool:
    return bool(client.rows[notice_id]["read"])


def _rings(client: Client, badge: int) -> bool:
    return client.badge == badge


async def test_marks_are_carried_out_in_their_order(server: Server, ada: User) -> None:
    notice = await send(ada)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        for n, as_ in enumerate(["read", "unread", "archived", "unarchived", "unread"]):
            await client.send(type="mark", ref=str(n), ids=[notice.pk], **{"as": as_})
        last = await client.frame(lambda frame: frame.get("ref") == "4")
        await client.until(lambda: client.version == last["version"])
        refs = [one["ref"] for one in client.of_type("done")]
        assert refs == ["0", "1", "2", "3", "4"]
        assert client.unread == 1
        assert client.titles == ["Hello"]


async def test_all_that_arrived_through_a_version_is_marked(server: Server, ada: User) -> None:
    for title in ("one", "two", "three"):
        await send(ada, title)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        await client.mark("read", through=2)
        await client.until(lambda: client.unread == 1)
        assert [row["title"] for row in client.shown if not row["read"]] == ["three"]


async def test_the_bell_that_is_opened_on_one_socket_is_silent_on_all(
    server: Server, ada: User
) -> None:
    for title in ("one", "two"):
        await send(ada, title)
    async with (
        await orm(client_of, server, ada) as one,
        await orm(client_of, server, ada) as other,
    ):
        for client in (one, other):
            await client.until(partial(_rings, client, 2))
        opened = {"type": "opened", "ref": "o", "epoch": one.epoch}
        await one.send(**opened, through=2)
        done = await one.frame(lambda frame: frame.get("ref") == "o")
        assert done == {"type": "done", "ref": "o", "version": 3}
        for client in (one, other):
            await client.until(partial(_rings, client, 0))
            assert client.unseen == 2
        await send(ada, "three")
        await other.until(lambda: other.badge == 1)
        await one.send(**opened | {"epoch": "another"}, through=9)
        await one.until(lambda: one.resets == 2)
        assert one.badge == 1


async def test_a_mark_through_of_another_epoch_marks_nothing_and_is_answered_by_a_reset(
    server: Server, ada: User
) -> None:
    await send(ada)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        await client.send(type="mark", ref="r", epoch="another", through=9, **{"as": "read"})
        await client.until(lambda: client.resets == 2)
        assert client.unread == 1


async def test_what_is_read_is_archived_and_undone_in_every_window(
    server: Server, ada: User
) -> None:
    for title in ("one", "two", "three"):
        await send(ada, title)
    async with (
        await orm(client_of, server, ada) as client,
        await orm(client_of, server, ada) as other,
    ):
        await client.until(lambda: client.unread == 3)
        ids = {row["title"]: row["id"] for row in client.shown}
        await client.mark("read", ids["one"], ids["three"])
        refused = await client.mark("read", through_read=client.version)
        assert (refused["type"], refused["code"]) == ("error", "invalid")
        mark = (await client.mark("archived", through_read=client.version))["ref"]
        await other.until(lambda: [row["title"] for row in other.shown] == ["two"])
        assert (other.unread, other.unseen) == (1, 1)
        await client.undo(mark)
        await other.until(lambda: len(other.shown) == 3)
        assert (other.unread, other.unseen) == (1, 1)


async def test_a_mark_of_everything_is_undone_by_a_client_that_came_back(
    server: Server, ada: User
) -> None:
    for title in ("one", "two", "three"):
        await send(ada, title)
    async with (
        await orm(client_of, server, ada) as client,
        await orm(client_of, server, ada) as other,
    ):
        for each in (client, other):
            await each.until(lambda each=each: each.unread == 3)
        mark = (await client.mark("read", through=3))["ref"]
        await other.until(lambda: other.unread == 0)
        [two] = [row["id"] for row in other.shown if row["title"] == "two"]
        await other.mark("archived", two)
        await client.cut()
        await client.connect()
        done = await client.undo(mark)
        assert done["type"] == "done"
        for each in (client, other):
            await each.until(lambda each=each: (each.unseen, each.unread) == (2, 2))
            assert [row["title"] for row in each.shown if not row["read"]] == ["three", "one"]
        assert (await client.undo(mark))["version"] == done["version"]
    inbox = await orm(Inbox.objects.get, user=ada)
    assert (inbox.unseen, inbox.unread) == (2, 2)


async def test_an_undo_of_another_epoch_is_answered_by_a_reset(server: Server, ada: User) -> None:
    notice = await send(ada)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        mark = (await client.mark("read", notice.pk))["ref"]
        client.before_marks[mark]["epoch"] = "another"
        await client.send(type="undo", ref="u", mark=mark, **client.before_marks[mark])
        await client.until(lambda: client.resets == 2)
        assert client.unread == 0


async def test_another_users_ids_are_ignored_and_nothing_tells_that_they_exist(
    server: Server, ada: User, bob: User
) -> None:
    theirs = await send(bob)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        answers = [await client.mark("read", theirs.pk), await client.mark("read", 999_999)]
        assert [one["type"] for one in answers] == ["done", "done"]
        assert answers[0]["version"] == answers[1]["version"] == 0
    assert (await orm(Inbox.objects.get, user=bob)).unread == 1


async def test_sync_is_answered_from_the_cursor_that_it_names(server: Server, ada: User) -> None:
    for title in ("one", "two"):
        await send(ada, title)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        await client.send(type="sync", epoch=client.epoch, since=1)
        answer = await client.frame(lambda frame: frame.get("from") == 1)
        assert [row["title"] for row in answer["notifications"]] == ["two"]
        await client.send(type="sync", epoch=client.epoch, since=2)
        answer = await client.frame(lambda frame: frame.get("from") == 2)
        assert (answer["to"], answer["notifications"]) == (2, [])
        await client.send(type="sync", epoch="another", since=2)
        await client.until(lambda: client.resets == 2)


async def test_pings_go_both_ways_and_a_pong_says_what_was_delivered(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(NOTIFY_PING_INTERVAL="0.3", NOTIFY_SWEEP_INTERVAL="0.2")
    notice = await send(ada)
    async with await orm(client_of, server, ada) as client:
        ping = await client.frame("ping")
        assert (ping["epoch"], ping["version"]) == (client.epoch, 1)
        await client.send(type="ping", id=7)
        assert await client.frame("pong") == {"type": "pong", "id": 7}

        def delivered() -> int:
            return Notice.objects.with_counts().get(pk=notice.pk).delivered  # type: ignore[attr-defined, no-any-return]

        await aeventually(lambda: orm(delivered), what="the acknowledgement")
        await client.send(type="watch", topic="sockets")
        figures = await client.frame("figures")
        assert figures["data"][0]["latency"] < deadline(1)


async def test_a_pong_below_what_was_sent_is_caught_up(
    start_server: StartServer, ada: User
) -> None:
    server = start_server(NOTIFY_PING_INTERVAL="0.3", NOTIFY_SWEEP_INTERVAL="60")
    for title in ("one", "two"):
        await send(ada, title)
    async with await orm(client_of, server, ada, answer_pings=False) as client:
        ping = await client.frame("ping")
        await client.send(type="pong", id=ping["id"], epoch=client.epoch, version=1)
        answer = await client.frame(lambda frame: frame.get("from") == 1)
        assert [row["title"] for row in answer["notifications"]] == ["two"]


async def test_it_watches_its_own_sockets_and_closes_one(server: Server, ada: User) -> None:
    async with (
        await orm(client_of, server, ada) as one,
        await orm(client_of, server, ada) as other,
    ):
        await other.frame("inbox")
        await one.send(type="watch", topic="sockets")
        figures = await one.frame("figures")
        [target] = [entry["id"] for entry in figures["data"] if not entry["this"]]
        await one.send(type="close_socket", ref="c", id=target)
        await one.frame(lambda frame: frame.get("ref") == "c")
        assert await other.closed() == 4409
        await one.until(lambda: len(one.of_type("figures")[-1]["data"]) == 1)


async def test_who_closes_sockets_without_end_is_put_off(server: Server, ada: User) -> None:
    async with await orm(client_of, server, ada) as client:
        for n in range(CLOSES_BURST + 1):
            await client.send(type="close_socket", ref=str(n), id=f"{n:016x}")
        await client.until(lambda: len(client.of_type("done")) == CLOSES_BURST)
        error = await client.frame("error")
        assert (error["code"], error["ref"]) == ("rate_limited", str(CLOSES_BURST))
        assert 0 < error["retry_after"] <= 1
        await client.send(type="close_socket", ref="odd", id="no id of ours: asks nobody")
        await client.frame(lambda frame: frame.get("ref") == "odd" and frame["type"] == "done")


async def test_operations_are_for_those_who_may_see_them(
    server: Server, ada: User, make_user: Callable[..., User]
) -> None:
    root = await orm(make_user, "root", is_superuser=True)
    async with await orm(client_of, server, ada) as client:
        await client.send(type="watch", topic="operations")
        assert (await client.frame("error"))["code"] == "forbidden"
    async with await orm(client_of, server, root) as client:
        await client.send(type="watch", topic="operations")
        figures = await client.frame("figures")
        assert figures["data"]["sockets"] == 1
    notice = await send(ada)
    async with await orm(client_of, server, root) as client:
        await client.send(type="watch", topic=f"notice:{notice.pk}")
        figures = await client.frame("figures")
        assert figures["data"]["status"] == "sent"
        assert figures["data"]["appended"] == 1


async def test_refused_frames_are_answered_and_the_socket_stays_open(
    server: Server, ada: User
) -> None:
    async with await orm(client_of, server, ada) as client:
        await client.send(type="dance")
        error = await client.frame("error")
        assert error["code"] == "unknown_type"
        assert "dance" in error["message"]
        await client.send(type="mark", ref="m", ids=[], **{"as": "read"})
        error = await client.frame(lambda frame: frame.get("ref") == "m")
        assert (error["code"], error["retry_after"]) == ("invalid", None)
        await client.send(type="ping", id=1)
        await client.frame("pong")


async def test_too_many_marks_at_once_are_limited(server: Server, ada: User) -> None:
    notice = await send(ada)
    async with await orm(client_of, server, ada) as client:
        await client.frame("inbox")
        frames = [
            {"type": "mark", "ref": str(n), "as": "seen", "ids": [notice.pk]} for n in range(50)
        ]
        await asyncio.gather(*(client.send(**frame) for frame in frames))
        await client.until(lambda: len(client.of_type("done") + client.of_type("error")) == 50)
        assert {one["code"] for one in client.of_type("error")} <= {"rate_limited"}
        assert len(client.of_type("done")) >= 20


async def test_it_is_the_same_on_uvicorn(start_server: StartServer, ada: User) -> None:
    server = start_server(command=UVICORN, NOTIFY_SWEEP_INTERVAL="0.2")
    notice = await send(ada, "one")
    async with await orm(client_of, server, ada) as client:
        await client.until(lambda: client.titles == ["one"])
        await send(ada, "two")
        await client.until(lambda: client.titles == ["two", "one"])
        assert (await client.mark("read", notice.pk))["version"] == 3
    anonymous = Client(server.socket_url, origin=server.url)
    await anonymous.connect()
    assert await anonymous.closed() == 4401
    assert json.dumps(anonymous.frames[-1]["code"]) == "4401"
