import json

from notify import protocol
from notify.changes import Cursor, Reading
from tests.unit.protocol.examples import sent_by


def test_the_frames_it_writes_have_the_fields_of_the_examples() -> None:
    reading = Reading("1", "e1", 3, 1, 2, 1)
    written = [
        protocol.hello("u1", reading, "en", 20, None),
        protocol.ping(1, Cursor("e1", 3)),
        protocol.pong(1),
        protocol.done("m1", 4),
        protocol.error(protocol.Refused(protocol.Error.INVALID, "id: wrong")),
        protocol.bye(4503, "the server restarts", 2.5),
        protocol.figures("sockets", []),
        protocol.preferences("mutes"),
        protocol.InboxFrame("e1", 1, 2, 0, 0, 0, [], 400).encode(),
        protocol.InboxFrame("e1", 0, 2, 0, 0, 0, [], 400, reset=True, next=7).encode(),
    ]
    expected = {
        (one["frame"]["type"], "reset" in one["frame"]): set(one["frame"])
        for one in sent_by("server")
        if "later" not in one["frame"]
    }
    for text in written:
        frame = json.loads(text)
        assert set(frame) == expected.pop((frame["type"], "reset" in frame)), frame["type"]
    assert not expected, "a type that the server never writes"


def test_text_is_not_ascii_escaped() -> None:
    assert "é🎉" in protocol.bye(4500, "é🎉")
