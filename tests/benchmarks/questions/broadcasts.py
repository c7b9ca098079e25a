"""Questions 1, 2 and 6: the CPU that a broadcast costs the server.

Those that are asked together share their runs, of which opening the sockets is the greater part.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

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

# Side by side what is nearly alike, as the machine's speed changes within minutes; ours first.
ORDER = (
    *(SERVED, BARE_WRITE, FASTAPI, WEBSOCKETS, NODE_WS),
    *(SOCKETIO, STOCK_CORE, DAPHNED, STOCK_PUBSUB),
)
WARM_UP = 3  # notices before the clock runs
MANY = 8000  # sockets, at which half a minute goes by for some with each five notices
SLOW = {STOCK_PUBSUB.name, STOCK_CORE.name, SOCKETIO.name}
ONE_AT_A_TIME = (
    "CPU time of the server process, user and system, per notification that the clients "
    "received. Another process sends each notice to everyone once the previous one has arrived "
    "everywhere: by Redis to ours and to the peers that support it, otherwise by HTTP. Ours is "
    "stored in each inbox by its sender, which carries out its batches; each client has a "
    "session, an inbox, a version and counts. The peers only push. There are no pings, and no "
    "sweeps of ours; python-socketio's monitor of its clients runs. `serve` runs Python's "
    "garbage collector after 20,000 new objects, not 700 (docs/performance.md); the peers keep "
    f"the default. A run counts 96,000 deliveries after {WARM_UP} notices; of the slow "
    f"contenders 5 notices, and with {MANY:,} sockets 3 after one."
)


@dataclass(frozen=True)
class Broadcast:
    """A question of notices that are sent one at a time."""

    number: int
    title: str
    how: str
    ours: Contender
    peers: Callable[[Scale, int], list[Contender]]  # by the number of sockets
    reach: Mapping[str, float]  # ÷ the peer of this name

    def contenders(self, scale: Scale, count: int) -> list[Contender]:
        return [self.ours, *self.peers(scale, count)]


def _peers(scale: Scale, count: int) -> list[Contender]:
    peers = [BARE_WRITE, FASTAPI, STOCK_PUBSUB]
    if scale.all_peers:
        peers += [WEBSOCKETS, NODE_WS]
    if scale.all_peers and count < MANY:
        peers += [SOCKETIO, STOCK_CORE]
    return peers


ON_SERVE = Broadcast(
    1,
    "CPU of a broadcast",
    f"{ONE_AT_A_TIME} To {MANY:,}, python-socketio and the core layer are not measured.",
    SERVED,
    _peers,
    {FASTAPI.name: 0.9, STOCK_PUBSUB.name: 0.06, STOCK_CORE.name: 0.06, BARE_WRITE.name: 2.0},
)
ON_PLAIN_DAPHNE = Broadcast(
    6,
    "CPU of a broadcast on plain Daphne",
    "`daphne config.asgi:application` instead of `manage.py serve`, in the runs of question 1 if "
    f"that is asked too. {ONE_AT_A_TIME}",
    DAPHNED,
    lambda scale, count: [STOCK_PUBSUB],
    {STOCK_PUBSUB.name: 0.2},
)


BURST = 2
APART = "notify, `serve`, each notice in a transaction of its own"
NUMBERS = {ON_SERVE.number, BURST, ON_PLAIN_DAPHNE.number}


def ask(scale: Scale, numbers: Collection[int]) -> list[Answer]:
    """The answers to those of NUMBERS."""
    questions = [one for one in (ON_SERVE, ON_PLAIN_DAPHNE) if one.number in numbers]
    answers = [Answer(one.number, one.title, one.how) for one in questions]
    burst = _answer_to_burst(scale) if BURST in numbers else None
    for count in scale.sockets:
        people = sign_in(count)
        asked = [one.contenders(scale, count) for one in questions]
        bursting = _bursting(scale) if burst and count == min(scale.sockets) else []
        contenders = [one for one in ORDER if any(one in those for those in (*asked, bursting))]
        for contender in alternating(scale, *contenders):
            those = [
                (one, answer)
                for one, answer, among in zip(questions, answers, asked, strict=True)
                if contender in among
            ]
            with Run(contender.quiet) as run:
                run.open(people)
                if those:
                    _one_at_a_time(those, scale, contender, run, count)
                if burst and contender in bursting:
                    _at_once(burst, scale, contender, run)
                run.verify()
    return sorted([*answers, *filter(None, [burst])], key=lambda answer: answer.question)


def _one_at_a_time(
    those: list[tuple[Broadcast, Answer]], scale: Scale, contender: Contender, run: Run, count: int
) -> None:
    """Notes the µs of a delivery, those of them in the kernel, and the bytes of a frame."""
    warm_up, singles = WARM_UP, scale.deliveries // count
    if contender.name in SLOW:
        warm_up, singles = (1, 3) if count >= MANY else (WARM_UP, 5)
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
    size = (after["bytes"] - before["bytes"]) / (after["frames"] - before["frames"])
    name, what, unit = contender.name, f"{count:,} sockets", "µs per delivery"
    for question, answer in those:
        answer.note(what, unit, name, cost, reach=question.reach.get(name))
        answer.note(f"{what}, in the kernel", unit, name, in_kernel, compared=False)
        answer.note(f"{what}, a frame", "bytes", name, size, compared=False)


def _answer_to_burst(scale: Scale) -> Answer:
    return Answer(
        BURST,
        f"CPU of {scale.burst} notices at once to {min(scale.sockets):,} sockets",
        "CPU time of the server process, user and system, per notification that the clients "
        "received. Another process sends them to everyone right after each other; ours by "
        "`notify.send_many`, and in "
        "comparison each by itself, which makes a frame of each. If question 1 "
        "is asked too, in its runs, after its notices. No pings, and no sweeps of ours. The "
        "stock consumer, to which a burst is one notice after another, is only in question 1.",
    )


def _bursting(scale: Scale) -> list[Contender]:
    peers = [WEBSOCKETS, SOCKETIO, NODE_WS, BARE_WRITE] if scale.all_peers else []
    return [SERVED, FASTAPI, *peers]


def _at_once(answer: Answer, scale: Scale, contender: Contender, run: Run) -> None:
    """Notes the µs of a notification, and how many are in a frame."""
    run.broadcast(WARM_UP)
    ways = {contender.name: [scale.burst]}  # by name, how many in each transaction
    if contender == SERVED:
        ways[APART] = [1] * scale.burst
    for name, transactions in ways.items():
        before = run.wait()
        run.rest()
        cpu = run.cpu
        for notices in transactions:
            run.broadcast(notices)
        after = run.wait()
        run.rest()
        delivered = after["notifications"] - before["notifications"]
        cost = (run.cpu - cpu) / delivered * 1e6
        reach = 0.1 if contender == FASTAPI else None
        answer.note("burst", "µs per notification", name, cost, reach=reach)
        per_frame = delivered / (after["frames"] - before["frames"])
        answer.note("merged", "notifications per frame", name, per_frame, compared=False)
