"""Question 8: a notice to many, of whom some are connected, on two processes."""

from __future__ import annotations

import os

import redis

from tests.benchmarks.answers import Answer
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED
from tests.benchmarks.people import sign_in
from tests.benchmarks.questions.scale import Scale, alternating

PROCESSES = 2


def crowd(scale: Scale) -> Answer:
    answer = Answer(
        8,
        f"A notice to {scale.recipients:,} users, {scale.connected:,} of them connected",
        f"The connected users are spread over all batches and over {PROCESSES} server processes. "
        "Messages published to Redis, except the one that wakes the workers; and the delay from "
        "the commit of a batch until its last client has read the frame, the longest of all "
        "batches.",
    )
    people = sign_in(scale.recipients, every=scale.recipients // scale.connected)
    # A sweep probes the layer, which is a message too.
    contender = SERVED.with_(NOTIFY_SWEEP_INTERVAL="600")
    for _ in alternating(scale, contender):
        with Run(contender, processes=PROCESSES) as run:
            run.open(people)
            run.broadcast(1)  # the sender opens its connections
            run.wait()
            published = _published()
            batches = run.broadcast(1)["batches"]
            run.wait()
            arrivals = run.arrivals()
            messages = _published() - published
            assert run.verify() == 2 * len(people)
        delays = []
        for at, first, last in batches:
            of_batch = [
                arrived
                for person, arrived in zip(people, arrivals, strict=True)
                if first <= person.key <= last
            ]
            delays.append(max(of_batch) - at)
        name = contender.name
        per_batch = (messages - 1) / len(batches)
        answer.note("messages", "per batch", name, per_batch, limit=1)
        answer.note("last client after commit", "s", name, max(delays), limit=1)
    return answer


def _published() -> int:
    """How many messages Redis was given to publish, since it was started."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        stats = client.info("commandstats")
    return int(stats.get("cmdstat_publish", {}).get("calls", 0))
