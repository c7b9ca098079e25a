"""`websockets.broadcast` to a set of connections, told by Redis what to send.

https://websockets.readthedocs.io/en/stable/topics/broadcast.html and …/howto/django.html, which
brings events from other processes to the server by Redis Pub/Sub; on uvloop, as …/performance.html
advises. Compression is off, as it is with us: the page on memory says what it costs. Port and the
rest as arguments: `… 8000`.
"""

import os
import sys

import redis.asyncio as aioredis
import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from tests.benchmarks.peers.counting import Count

CHANNEL = "broadcast"
CONNECTIONS: set[ServerConnection] = set()


async def handler(websocket: ServerConnection) -> None:
    CONNECTIONS.add(websocket)
    try:
        await websocket.wait_closed()
    finally:
        CONNECTIONS.remove(websocket)


async def process_events() -> None:
    client = aioredis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    pubsub = client.pubsub()
    await pubsub.subscribe(CHANNEL)
    async for message in pubsub.listen():
        if message["type"] == "message":
            count.delivered += len(CONNECTIONS)
            broadcast(CONNECTIONS, message["data"])


async def main() -> None:
    port, ping_interval = int(sys.argv[1]), float(os.environ.get("PING_INTERVAL", "20"))
    async with serve(handler, "127.0.0.1", port, compression=None, ping_interval=ping_interval):
        await process_events()


if __name__ == "__main__":
    count = Count()
    uvloop.run(main())
