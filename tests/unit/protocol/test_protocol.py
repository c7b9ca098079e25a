import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify import protocol
from notify.changes import Cursor, Reading

EXAMPLES = json.loads((Path(__file__).parents[2] / "fixtures" / "frames.json").read_text())
OF_CLIENT = [one for one in EXAMPLES["frames"] if one["direction"] == "client"]
OF_SERVER = [one for one in EXAMPLES["frames"] if one["direction"] == "server"]


def named(examples: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("example", examples, ids=lambda one: one["name"])


@named([one for one in OF_CLIENT if one["valid"]])
def test_it_reads_a_valid_frame(example: dict[str, Any]) -> None:
    frame = protocol.parse(json.dumps(example["frame"]))
    assert type(frame).__name__.lower().startswith(example["frame"]["type"].split("_")[0])


@named([one for one in OF_CLIENT if not one["valid"]])
def test_it_refuses_an_invalid_frame(example: dict[str, Any]) -> None:
    with pytest.raises(protocol.Refused) as caught:
        protocol.parse(json.dumps(example["frame"]))
    assert caught.value.code == example["error"]
    ref = example["frame"].get("ref")
    assert caught.value.ref == (ref if isinstance(ref, str) and len(ref) <= 64 else None)


@named(EXAMPLES["malformed"])
def test_it_calls_malformed_what_is_no_frame(example: dict[str, Any]) -> None:
    with pytest.raises(protocol.Malformed):
        protocol.parse(example["text"])


@pytest.mark.parametrize(
    "text",
    [
        "[" * 16_000,
        '{"type":"ping","id":' + "9" * 5_000,
        '{"type":"ping","id":1,"x":' + '{"x":' * 16 + "1" + "}" * 17,
        json.dumps({"type": "ping", "id": 1, "x": "x" * 16 * 1024}),
        '{"type":"ping","id":1,"x":"' + "é" * 8 * 1024 + '"}',
    ],
    ids=["brackets", "cut off", "too deep", "too long", "too long in UTF-8"],
)
def test_it_calls_malformed_what_is_too_much(text: str) -> None:
    with pytest.raises(protocol.Malformed):
        protocol.parse(text)


def test_a_huge_integer_is_invalid_and_takes_no_time() -> None:
    with pytest.raises(protocol.Refused) as caught:
        protocol.parse('{"type":"ping","id":' + "9" * 10_000 + "}")
    assert caught.value.code == protocol.Error.INVALID


@pytest.mark.parametrize(
    "text",
    [
        r'{"type":"nope","ref":"\ud800"}',
        r'{"type":"watch","topic":"person:\uDFFF"}',
        r'{"type":"close_socket","ref":"a","id":"\ud800x"}',
        r'{"type":"sync","epoch":"\udc00\ud800","since":1}',
        r'{"type":"ping","id":1,"\ud800":[]}',
    ],
)
def test_half_a_surrogate_pair_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(protocol.Refused) as caught:
        protocol.parse(text)
    assert caught.value.code == protocol.Error.INVALID
    protocol.error(caught.value).encode()


def test_a_whole_pair_is_a_character() -> None:
    told = protocol.parse(r'{"type":"close_socket","ref":"\ud83d\ude00","id":"a"}')
    assert told == protocol.CloseSocket("\N{GRINNING FACE}", "a")


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_pong_as_clients_write_it_is_read_without_a_decoder(separators: tuple[str, str]) -> None:
    pong = {"type": "pong", "id": 7, "epoch": "e1.f2", "version": 10**14}
    payload = json.dumps(pong, separators=separators).encode()
    assert protocol.usual_pong(payload) == protocol.Pong(7, Cursor("e1.f2", 10**14))


@given(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["pong", "ping"]),
            "id": st.integers() | st.integers(-1, 10**15 + 1) | st.none(),
            "epoch": st.text(max_size=70),
            "version": st.integers(-1, 2**54),
        }
    ),
    st.sampled_from([(",", ":"), (", ", ": ")]),
    st.sampled_from([("", ""), ("10", "010"), ('"', '""'), ("}", "} ")]),
)
def test_a_pong_that_is_read_so_is_what_the_decoder_says(
    frame: dict[str, Any], separators: tuple[str, str], broken: tuple[str, str]
) -> None:
    text = json.dumps(frame, ensure_ascii=False, separators=separators).replace(*broken)
    found = protocol.usual_pong(text.encode())
    assert found is None or found == protocol.parse(text)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nonsense_is_malformed_or_refused_and_never_breaks(text: str) -> None:
    with pytest.raises((protocol.Malformed, protocol.Refused)):
        protocol.parse(text)


def test_the_frames_it_writes_have_the_fields_of_the_examples() -> None:
    reading = Reading("1", "e1", 3, 1, 2)
    written = [
        protocol.hello("u1", reading, 20, None),
        protocol.ping(1, Cursor("e1", 3)),
        protocol.pong(1),
        protocol.done("m1", 4),
        protocol.error(protocol.Refused(protocol.Error.INVALID, "id: wrong")),
        protocol.bye(4503, "the server restarts", 2.5),
        protocol.figures("sockets", []),
        protocol.InboxFrame("e1", 1, 2, 0, 0, [], 400).encode(),
        protocol.InboxFrame("e1", 0, 2, 0, 0, [], 400, reset=True, next=7).encode(),
    ]
    expected = {
        (one["frame"]["type"], "reset" in one["frame"]): set(one["frame"])
        for one in OF_SERVER
        if "later" not in one["frame"]
    }
    for text in written:
        frame = json.loads(text)
        assert set(frame) == expected.pop((frame["type"], "reset" in frame)), frame["type"]
    assert not expected, "a type that the server never writes"


def test_text_is_not_ascii_escaped() -> None:
    assert "é🎉" in protocol.bye(4500, "é🎉")


@pytest.mark.parametrize(
    ("epoch", "since", "cursor"),
    [
        ("e1", "7", Cursor("e1", 7)),
        ("e1", "0", Cursor("e1", 0)),
        ("e1", None, None),
        (None, "7", None),
        ("", "7", None),
        ("e1", "", None),
        ("e1", "-1", None),
        ("e1", "1.5", None),
        ("e1", "\u0667", None),  # a digit, but not of ASCII
        ("e1", "9" * 16, None),
        ("e1", "9" * 100, None),
    ],
)
def test_a_malformed_cursor_counts_as_none(
    epoch: str | None, since: str | None, cursor: Cursor | None
) -> None:
    assert protocol.parse_cursor(epoch, since) == cursor


def row(version: int, size: int = 10, arrived: int | None = None) -> dict[str, Any]:
    return {"id": version, "arrived": arrived or version, "version": version, "body": "x" * size}


def changes(rows: list[dict[str, Any]], since: int = 0, version: int = 100) -> Reading:
    return Reading("1", "e1", version, 0, 0, since, rows=rows)


def ids(frame: protocol.InboxFrame) -> list[int]:
    return [json.loads(one)["id"] for one in frame.rows]


def test_what_fits_is_one_frame_up_to_the_inbox_version() -> None:
    frames = protocol.inbox_frames(changes([row(3), row(5)], since=2, version=9))
    assert frames is not None
    assert [(one.start, one.to) for one in frames] == [(2, 9)]


def test_more_than_50_rows_are_several_contiguous_frames() -> None:
    frames = protocol.inbox_frames(changes([row(n) for n in range(1, 121)], version=130))
    assert frames is not None
    assert [len(one.rows) for one in frames] == [50, 50, 20]
    assert [(one.start, one.to) for one in frames] == [(0, 50), (50, 100), (100, 130)]


def test_a_frame_has_at_most_256_kib() -> None:
    frames = protocol.inbox_frames(changes([row(n, size=20_000) for n in range(1, 31)]))
    assert frames is not None
    assert len(frames) == 3
    assert all(len(one.encode().encode()) <= protocol.MAX_FRAME_BYTES for one in frames)
    assert [n for one in frames for n in ids(one)] == list(range(1, 31))


def test_a_version_is_never_cut_in_two() -> None:
    rows = [row(1) | {"id": n} for n in range(30)] + [row(2) | {"id": n} for n in range(30, 60)]
    frames = protocol.inbox_frames(changes(rows))
    assert frames is not None
    assert [(one.start, one.to, len(one.rows)) for one in frames] == [(0, 1, 30), (1, 100, 30)]


def test_a_version_that_does_not_fit_can_only_be_told_by_a_reset() -> None:
    assert protocol.inbox_frames(changes([row(1) | {"id": n} for n in range(51)])) is None
    assert protocol.inbox_frames(changes([row(1, 100_000) | {"id": n} for n in range(3)])) is None


def test_a_reset_takes_fewer_rows_and_names_the_next_page() -> None:
    rows = [row(n, size=20_000) for n in range(50, 0, -1)]
    [frame] = protocol.inbox_frames(Reading("1", "e1", 50, 0, 0, reset=True, rows=rows)) or []
    assert len(frame.encode().encode()) <= protocol.MAX_FRAME_BYTES
    assert frame.start == 0
    assert frame.reset
    assert frame.next == ids(frame)[-1]
    assert ids(frame) == list(range(50, 50 - len(frame.rows), -1))


def test_a_reset_of_an_empty_inbox_is_a_reset() -> None:
    [frame] = protocol.inbox_frames(Reading("1", "e1", 0, 0, 0, reset=True)) or []
    told = json.loads(frame.encode())
    assert told["reset"] is True
    assert told["notifications"] == []
    assert told["next"] is None


def frame(start: int, to: int, rows: int = 1, epoch: str = "e1") -> protocol.InboxFrame:
    encoded = ['{"id":1}'] * rows
    return protocol.InboxFrame(epoch, start, to, to, to, encoded, protocol.frame_size(encoded))


def test_contiguous_frames_travel_as_one() -> None:
    assert frame(1, 2).joins(frame(2, 3))
    joined = frame(1, 2).join(frame(2, 3))
    assert (joined.start, joined.to, joined.unseen, len(joined.rows)) == (1, 3, 3, 2)


def test_frames_with_a_gap_another_epoch_or_too_many_rows_do_not() -> None:
    assert not frame(1, 2).joins(frame(3, 4))
    assert not frame(1, 2).joins(frame(2, 3, epoch="e2"))
    assert not frame(1, 2, rows=30).joins(frame(2, 3, rows=21))
    reset = protocol.InboxFrame("e1", 0, 3, 0, 0, [], 400, reset=True)
    assert not frame(1, 2).joins(reset)
    assert reset.joins(frame(3, 4))
    assert reset.join(frame(3, 4)).reset


def test_a_notice_is_encoded_once_for_all() -> None:
    notices = [{"id": 7, "title": "é", "seen": None}, {"id": 8, "title": "e", "seen": None}]
    rows = protocol.Rows([protocol.arrival_tail(notice) for notice in notices])
    assert len(rows) == 2
    assert list(map(json.loads, rows.after(11))) == [
        {"arrived": 12, "version": 12, "id": 7, "title": "é", "seen": None},
        {"arrived": 13, "version": 13, "id": 8, "title": "e", "seen": None},
    ]
    assert not rows.template


@given(st.text(), st.integers(0, protocol.MAX_INTEGER - 1), st.integers(0), st.integers(0))
def test_the_template_of_one_notice_makes_the_frame_that_is_encoded(
    title: str, start: int, unseen: int, unread: int
) -> None:
    rows = protocol.Rows([protocol.arrival_tail({"id": 7, "title": title})])
    frame = protocol.told_frame(("1", "e %s 1", start, start + 1, unseen, unread, rows))
    numbers = (b"e %s 1", start, start + 1, unseen, unread, start + 1, start + 1)
    assert rows.template % numbers == frame.encode().encode()
