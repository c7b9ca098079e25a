"""Questions 1, 2 and 6: the CPU that a broadcast costs the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tests.benchmarks.answers import Answer
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import (
    BARE_WRITE,
    DAPHNED,
    FASTAPI,
    NODE_WS,
    SERVED,
    SOCKETIO,
    STOCK_CORE,
    STOCK_PUBSUB,
    WEBSOCKETS,
    Contender,
)
from tests.benchmarks.people import sign_in
from tests.benchmarks.questions.scale import Scale, alternating

WARM_UP = 3  # notices before the clock runs
MANY = 8000  # sockets, at which half a minute goes by for some with each five notices
SLOW = {STOCK_PUBSUB.name, STOCK_CORE.name, SOCKETIO.name}
ONE_AT_A_TIME = (
    "CPU time of the server process, user and system, by the notifications that the clients "
    "received. Each notice is sent to everyone by another process when the one before has arrived "
    "everywhere: to ours and those that can by Redis, else by HTTP. Ours is stored in each inbox "
    "by its sender, which carries its batches out; each client has a session, an inbox, a version "
    "and counts. The peers only push. There are no pings, and no sweeps of ours; python-socketio's "
    "monitor of its clients runs. `serve` has Python's garbage collector look after 20,000 new "
    "objects, not 700 (docs/performance.md); the peers leave it as it is. A run counts 20 notices "
    f"after {WARM_UP}; of those that take long 5, and with {MANY:,} sockets 3 after one."
)
APART = replace(SERVED, name="notify, `serve`, each notice in a transaction of its own")


def push(scale: Scale) -> Answer:
    how = f"{ONE_AT_A_TIME} To {MANY:,}, python-socketio and the core layer are not asked."
    answer = Answer(1, "CPU of a broadcast", how)
    for count in scale.sockets:
        peers = [FASTAPI, STOCK_PUBSUB, BARE_WRITE]
        if scale.all_peers:
            peers += [WEBSOCKETS, NODE_WS]
        if scale.all_peers and count < MANY:
            peers += [SOCKETIO, STOCK_CORE]
        reach = {FASTAPI.name: 0.9, STOCK_PUBSUB.name: 0.06, STOCK_CORE.name: 0.06}
        _one_at_a_time(answer, scale, count, [SERVED, *peers], reach | {BARE_WRITE.name: 2.0})
    return answer


def plain_daphne(scale: Scale) -> Answer:
    answer = Answer(
        6,
        "CPU of a broadcast on plain Daphne",
        f"`daphne config.asgi:application` instead of `manage.py serve`. {ONE_AT_A_TIME}",
    )
    for count in scale.sockets:
        _one_at_a_time(answer, scale, count, [DAPHNED, STOCK_PUBSUB], {STOCK_PUBSUB.name: 0.2})
    return answer


def _one_at_a_time(
    answer: Answer,
    scale: Scale,
    count: int,
    contenders: Sequence[Contender],
    reach: Mapping[str, float],
) -> None:
    people = sign_in(count)
    for contender in alternating(scale, *contenders):
        warm_up, singles = WARM_UP, scale.deliveries // count
        if contender.name in SLOW:
            warm_up, singles = (1, 3) if count >= MANY else (WARM_UP, 5)
        with Run(contender.quiet) as run:
            run.open(people)
            for _ in range(warm_up):
                run.broadcast(1)
                before = run.wait()
            run.rest()
            cpu, kernel_cpu = run.cpu, run.kernel_cpu
            for _ in range(singles):
                run.broadcast(1)
                after = run.wait()
            run.rest()
            delivered = singles * count / 1e6
            cost = (run.cpu - cpu) / delivered
            in_kernel = (run.kernel_cpu - kernel_cpu) / delivered
            assert run.verify() == (warm_up + singles) * count
        name = contender.name
        what = f"{count:,} sockets"
        answer.note(what, "µs per delivery", name, cost, reach=reach.get(name))
        answer.note(f"{what}, in the kernel", "µs per delivery", name, in_kernel, compared=False)
        frames = after["frames"] - before["frames"]
        size = (after["bytes"] - before["bytes"]) / frames
        answer.note(f"{what}, a frame", "bytes", name, size, compared=False)


def burst(scale: Scale) -> Answer:
    count = scale.sockets[0]
    answer = Answer(
        2,
        f"CPU of {scale.burst} notices at once to {count:,} sockets",
        "CPU time of the server process, user and system, by the notifications that the clients "
        "received. Another process sends them to everyone right after each other; ours in one "
        "transaction, which so is carried out as one (docs/decisions/0016), and beside it each in "
        "one of its own, which makes a frame of each. No pings, and no sweeps of ours. The stock "
        "consumer, to which a burst is one notice after another, is asked in question 1 only.",
    )
    peers = [FASTAPI]
    if scale.all_peers:
        peers += [WEBSOCKETS, SOCKETIO, NODE_WS, BARE_WRITE]
    people = sign_in(count)
    for contender in alternating(scale, SERVED, APART, *peers):
        at_once = 1 if contender is APART else scale.burst
        with Run(contender.quiet) as run:
            run.open(people)
            run.broadcast(WARM_UP)
            before = run.wait()
            run.rest()
            cpu = run.cpu
            for _ in range(scale.burst // at_once):
                run.broadcast(at_once)
            after = run.wait()
            run.rest()
            delivered = after["notifications"] - before["notifications"]
            name = contender.name
            cost = (run.cpu - cpu) / delivered * 1e6
            reach = 0.1 if contender is FASTAPI else None
            answer.note("burst", "µs per notification", name, cost, reach=reach)
            per_frame = delivered / (after["frames"] - before["frames"])
            answer.note("merged", "notifications per frame", name, per_frame, compared=False)
            assert run.verify() == (WARM_UP + scale.burst) * count
    return answer
