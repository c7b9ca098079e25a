import asyncio

from notify.live.hub import Hub
from tests.unit.live.fakes import Recorder, Wire, open_connection, settle


class Broken(Recorder):
    def write(self, text: str) -> bool:
        raise ValueError("what cannot be written")


async def test_a_socket_that_cannot_be_written_to_holds_up_no_other() -> None:
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
