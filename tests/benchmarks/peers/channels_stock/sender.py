"""Sends to the group, from a process that is no server: one loop, which keeps its connection."""

import asyncio
import os
import time
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.peers.channels_stock.settings"

import django

django.setup()

from channels.layers import get_channel_layer

from tests.benchmarks.payload import notification
from tests.benchmarks.peers.channels_stock.consumers import GROUP
from tests.benchmarks.remote import answer


def main() -> None:
    layer = get_channel_layer()

    async def send_all(numbers: list[int]) -> None:
        for n in numbers:
            message = {"type": "notification", "notification": notification(n)}
            await layer.group_send(GROUP, message)

    with asyncio.Runner() as runner:

        def send(numbers: list[int]) -> dict[str, Any]:
            called = time.monotonic()
            runner.run(send_all(numbers))
            return {"called": called}

        answer({"send": send})


if __name__ == "__main__":
    main()
