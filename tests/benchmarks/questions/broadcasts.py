"""Questions 1, 2 and 6: the CPU that a broadcast costs the server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

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
from tests.benchmarks.people import Person, sign_in
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
    "objects, not 700 (docs/performance.md); the peers leave it as it is. A run counts 64,000 "
    f"deliveries after {WARM_UP} notices; of those that take long 5 notices, and with {MANY:,} "
    "sockets 3 after one."
)
APART = replace(SERVED, name="notify, `serve`, each notice in a transaction of its own")


@dataclass(frozen=True)
class Broadcast:
    """A question of notices that are sent one at a time."""

    number: int
    title: str
    how: str
    ours: Contender
    peers: Callable[[Scale, int], list[Contender]]  # by the number of sockets
    reach: Mapping[str, float]  # ÷ the peer of this name


def _peers(scale: Scale, count: int) -> list[Contender]:
    peers = [FASTAPI, STOCK_PUBSUB, BARE_WRITE]
    if scale.all_peers:
        peers += [WEBSOCKETS, NODE_WS]
    if scale.all_peers and count < MANY:
        peers += [SOCKETIO, STOCK_CORE]
    return peers


ON_SERVE = Broadcast(
    1,
    "CPU of a broadcast",
    f"{ONE_AT_A_TIME} To {MANY:,}, python-socketio and the core layer are not asked.",
    SERVED,
    _peers,
    {FASTAPI.name: 0.9, STOCK_PUBSUB.name: 0.06, STOCK_CORE.name: 0.06, BARE_WRITE.name: 2.0},
)
ON_PLAIN_DAPHNE = Broadcast(
    6,
    "CPU of a broadcast on plain Daphne",
    "`daphne config.asgi:application` instead of `manage.py serve`, in the runs of question 1 "
    f"where that is asked, too. {ONE_AT_A_TIME}",
    DAPHNED,
    lambda scale, count: [STOCK_PUBSUB],
    {STOCK_PUBSUB.name: 0.2},
)


def push(scale: Scale) -> Answer:
    [answer] = _one_at_a_time(scale, ON_SERVE)
    return answer


def plain_daphne(scale: Scale) -> Answer:
    [answer] = _one_at_a_time(scale, ON_PLAIN_DAPHNE)
    return answer


def push_and_plain_daphne(scale: Scale) -> list[Answer]:
    """Both in the same runs: of the stock consumer, which they share, one takes a minute."""
    return _one_at_a_time(scale, ON_SERVE, ON_PLAIN_DAPHNE)


def _one_at_a_time(scale: Scale, *questions: Broadcast) -> list[Answer]:
    answers = [Answer(one.number, one.title, one.how) for one in questions]
    for count in scale.sockets:
        people = sign_in(count)
        asked = [[one.ours, *one.peers(scale, count)] for one in questions]
        ours_first = chain((one.ours for one in questions), *asked)
        contenders = {contender.name: contender for contender in ours_first}
        for contender in alternating(scale, *contenders.values()):
            cost, in_kernel, size = _cost(scale, contender, people)
            name, what = contender.name, f"{count:,} sockets"
            for question, answer, those in zip(questions, answers, asked, strict=True):
                if contender in those:
                    reach = question.reach.get(name)
                    answer.note(what, "µs per delivery", name, cost, reach=reach)
                    kernel = f"{what}, in the kernel"
                    answer.note(kernel, "µs per delivery", name, in_kernel, compared=False)
                    answer.note(f"{what}, a frame", "bytes", name, size, compared=False)
    return answers


def _cost(
    scale: Scale, contender: Contender, people: Sequence[Person]
) -> tuple[float, float, float]:
    """The µs of a delivery, those of them in the kernel, and the bytes of a frame, in one run."""
    count = len(people)
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
    frames = after["frames"] - before["frames"]
    return cost, in_kernel, (after["bytes"] - before["bytes"]) / frames


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
