"""Clocks that are wrong, and that jump."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
PING = 1.0


@pytest.mark.fault(28, "One server's clock an hour ahead, then an hour behind")
async def test_a_clock_that_jumps_changes_neither_heartbeats_nor_order(
    world: World, tmp_path: Path
) -> None:
    assert LIBRARIES, "libfaketime is not installed (apt install faketime)"
    clock = tmp_path / "clock"
    clock.write_text("+0")
    await world.people(20)
    pings = {"NOTIFY_PING_INTERVAL": str(PING), "NOTIFY_PING_TIMEOUT": "3"}
    await world.serve(1, **pings)
    await world.serve(
        1,
        LD_PRELOAD=str(LIBRARIES[0]),
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
        **pings,
    )
    await world.follow(40)
    await world.send(rate=20)
    for offset in ("+3600", "-3600", "+0"):
        await asyncio.to_thread(clock.write_text, offset)
        before = [one.pings for one in world.followers]
        await asyncio.sleep(4)
        heard = [now.pings - then for now, then in zip(world.followers, before, strict=True)]
        assert 2 <= min(heard) <= max(heard) <= 6, (offset, heard)
        marking = world.followers[0]
        await marking.mark("read", next(iter(marking.rows)))
    await world.stop_senders()
    await world.judge(only_arrivals=False)
    assert world.closed == 0
