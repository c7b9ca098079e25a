"""Live operations of all processes together."""

from __future__ import annotations

from notify.live.overview import LINES_SHOWN, overview


def part(name, **fields):
    return {"name": name, "version": "1", "figures": {"notify_sockets": 1}, **fields}


def test_processes_are_listed_by_name_with_the_age_of_what_they_said():
    data = overview({"x": (9.5, part("web:2")), "y": (10.0, part("web:1"))}, now=10.0)
    assert [(one["name"], one["age"]) for one in data["by_process"]] == [
        ("web:1", 0),
        ("web:2", 0.5),
    ]


def test_reasons_and_sockets_of_users_are_added_up():
    one = part("a", refused={"origin": 2}, limits={"frames": 1}, most_sockets={"7": 3, "8": 1})
    other = part(
        "b",
        refused={"origin": 1},
        limits={"frames": 0, "requests": 0},
        most_sockets={"7": 2, "9": 4},
    )
    data = overview({"x": (0.0, one), "y": (0.0, other)}, now=0.0)
    assert data["refused"] == {"origin": 3}
    assert data["limits"] == {"frames": 1}
    assert data["most_sockets"] == [["7", 5], ["9", 4]]


def test_the_slowest_sockets_of_all_processes_are_listed():
    one = part("a", slow_sockets=[["7", 900], ["8", 300]])
    other = part("b", slow_sockets=[["7", 800], *[["9", 400 + n] for n in range(4)]])
    told = overview({"x": (0.0, one), "y": (0.0, other), "z": (0.0, part("older"))}, now=0.0)
    assert told["slow_sockets"] == [["7", 900], ["7", 800], ["9", 403], ["9", 402], ["9", 401]]


def line(at, text="Broken"):
    return {"id": 0, "at": at, "text": text}


def test_lines_of_all_processes_are_listed_the_newest_first_and_not_too_many():
    parts = {
        "x": (0.0, part("web:1", log=[line(at) for at in range(0, 60, 2)])),
        "y": (0.0, part("web:2", log=[line(at) for at in range(1, 61, 2)])),
        "older": (0.0, part("web:3")),
    }
    told = overview(parts, now=0.0)["log"]
    assert [one["at"] for one in told] == list(range(59, 59 - LINES_SHOWN, -1))
    assert (told[0]["process"], told[1]["process"]) == ("y", "x")


def test_processes_of_one_name_are_two_as_in_containers():
    data = overview({"x": (0.0, part("web:1")), "y": (0.0, part("web:1"))}, now=0.0)
    assert [one["key"] for one in data["by_process"]] == ["x", "y"]


def test_a_process_of_an_older_version_only_counts():
    assert overview({"x": (0.0, {"sockets": 3})}, now=0.0)["by_process"] == []
