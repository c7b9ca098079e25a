"""Log lines of sockets."""

from __future__ import annotations

import pytest

from notify.live import events


def test_an_event_is_one_line_of_names_and_values(caplog):
    with caplog.at_level("INFO", "notify.sockets"):
        events.log("closed", id="ab12", user="7", code=4401, seconds=1.23456, latency=None)
    assert caplog.messages == ["closed id=ab12 user=7 code=4401 seconds=1.235"]


@pytest.mark.parametrize(
    "evil",
    [
        "x\nERROR forged line",
        "x\r\nERROR forged line",
        "x user=admin",
        'x" user="admin',
        "x\x1b[2J",
        "x\u2028ERROR",
        "x\x85ERROR",
        "=" * 5000,
    ],
)
def test_no_value_can_begin_a_line_or_look_like_another_field(caplog, evil):
    with caplog.at_level("INFO", "notify.sockets"):
        events.log("refused", origin=evil, why="origin")
    [line] = caplog.messages
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert line.endswith(" why=origin")
    assert line.startswith('refused origin="')
    assert len(line) < 1300
