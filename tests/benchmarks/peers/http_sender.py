"""Posts notifications to a peer that sends what it is posted to all its clients.

One connection, kept open. `PEER_PORT` is the server's.
"""

import http.client
import json
import os
import time
from typing import Any

from tests.benchmarks.payload import notification
from tests.benchmarks.remote import answer


def main() -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ["PEER_PORT"]))

    def send(numbers: list[int]) -> dict[str, Any]:
        called, delivered = time.monotonic(), 0
        for n in numbers:
            body = json.dumps(notification(n), separators=(",", ":"))
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/broadcast/", body, headers)
            response = connection.getresponse()
            assert response.status == 200, response.status
            delivered += json.loads(response.read())["delivered"]
        return {"called": called, "delivered": delivered}

    answer({"send": send})


if __name__ == "__main__":
    main()
