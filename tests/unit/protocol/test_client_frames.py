import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify import protocol
from notify.changes import Cursor
from tests.unit.protocol.examples import EXAMPLES, named, sent_by

FRAMES = sent_by("client")


@named([one for one in FRAMES if one["valid"]])
def test_it_reads_a_valid_frame(example: dict[str, Any]) -> None:
    frame = protocol.parse(json.dumps(example["frame"]))
    assert type(frame).__name__.lower().startswith(example["frame"]["type"].split("_")[0])


@named([one for one in FRAMES if not one["valid"]])
def test_it_refuses_an_invalid_frame(example: dict[str, Any]) -> None:
    with pytest.raises(protocol.Refused) as caught:
        protocol.parse(json.dumps(example["frame"]))
    assert caught.value.code == example["error"]
    ref = example["frame"].get("ref")
    assert caught.value.ref == (ref if isinstance(ref, str) and len(ref) <= 64 else None)


@named(EXAMPLES["malformed"])
def test_a_message_that_is_not_a_frame_is_malformed(example: dict[str, Any]) -> None:
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
def test_a_frame_that_is_too_long_or_too_deep_is_malformed(text: str) -> None:
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
    parsed = protocol.parse(r'{"type":"close_socket","ref":"\ud83d\ude00","id":"a"}')
    assert parsed == protocol.CloseSocket("\N{GRINNING FACE}", "a")


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_common_pong_is_parsed_without_the_decoder(separators: tuple[str, str]) -> None:
    pong = {"type": "pong", "id": 7, "epoch": "e1.f2", "version": 10**14}
    payload = json.dumps(pong, separators=separators).encode()
    assert protocol.fast_parse_pong(payload) == protocol.Pong(7, Cursor("e1.f2", 10**14))


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
def test_the_fast_path_of_a_pong_agrees_with_the_decoder(
    frame: dict[str, Any], separators: tuple[str, str], broken: tuple[str, str]
) -> None:
    text = json.dumps(frame, ensure_ascii=False, separators=separators).replace(*broken)
    found = protocol.fast_parse_pong(text.encode())
    assert found is None or found == protocol.parse(text)


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_nonsense_is_malformed_or_refused_and_never_breaks(text: str) -> None:
    with pytest.raises((protocol.Malformed, protocol.Refused)):
        protocol.parse(text)


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
