"""Questions 4 and 5: what a connect costs the server, and a connection that nothing happens on."""

from __future__ import annotations

import time

from tests.benchmarks.answers import Answer
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED, STOCK_SIGNED_IN
from tests.benchmarks.people import sign_in
from tests.benchmarks.questions.scale import Scale, alternating

AT_ONCE = 40  # handshakes under way, where the cost of one is asked
SETTLE_S = 10  # until what so many connects have left to do is done: groups are joined, for one


def connects(scale: Scale) -> Answer:
    answer = Answer(
        4,
        "Connecting",
        f"{scale.connects:,} clients reconnect with nothing to catch up, {AT_ONCE} at a time: "
        "CPU time of the server process per handshake. Ours: session, user, inbox, `hello`. The "
        "peer has AuthMiddlewareStack, joins a group and sends nothing. Then ours alone: "
        f"{scale.reconnects:,} clients that were cut off reconnect all at once; seconds until "
        "each has caught up, and handshakes that were refused or cut off, and retried.",
    )
    people = sign_in(scale.connects)
    for contender in alternating(scale, SERVED, STOCK_SIGNED_IN):
        with Run(contender) as run:
            run.open(people)
            run.cut_off()
            cpu = run.cpu
            _, refused = run.reopen(at_once=AT_ONCE)
            assert refused == 0, refused
            run.rest()
            cost = (run.cpu - cpu) / scale.connects * 1e3
        reach = 0.75 if contender is STOCK_SIGNED_IN else None
        answer.note("a connect", "ms of CPU", contender.name, cost, reach=reach)
    people = sign_in(scale.reconnects)
    what = f"{scale.reconnects:,} at once"
    for contender in alternating(scale, SERVED):
        with Run(contender) as run:
            run.open(people)
            run.cut_off()
            seconds, refused = run.reopen(at_once=scale.reconnects)
            answer.note(f"{what}, nothing missed", "s", contender.name, seconds, limit=15)
            answer.note(f"{what}, refused", "handshakes", contender.name, refused, limit=0)
            run.cut_off()
            run.broadcast(1)
            seconds, refused = run.reopen(at_once=scale.reconnects)
            answer.note(f"{what}, one notice missed", "s", contender.name, seconds, limit=15)
            answer.note(
                f"{what}, one notice missed, refused",
                "handshakes",
                contender.name,
                refused,
                limit=0,
            )
            assert run.verify() == scale.reconnects
    return answer


def idle(scale: Scale) -> Answer:
    count = scale.idle_sockets
    answer = Answer(
        5,
        f"{count:,} idle sockets",
        "A ping every 20 s, which each client answers, a sweep every 10 s, and a revalidation of "
        f"all sessions every 30 s: CPU time of the server process over {scale.idle_s:g} s, from "
        f"{SETTLE_S} s after the last socket opened, as a share of one core. Memory "
        "(proportional set size) with all sockets open and some pings answered, minus that with "
        "one socket, divided by the number of the others.",
    )
    people = sign_in(count + 1)
    for contender in alternating(scale, SERVED):
        with Run(contender) as run:
            run.open(people[:1])
            with_one = run.memory
            run.open_busy(people[1:])
            time.sleep(SETTLE_S)
            cpu, started = run.cpu, time.monotonic()
            time.sleep(scale.idle_s)
            share = (run.cpu - cpu) / (time.monotonic() - started) * 100
            grown = (run.memory - with_one) / count / 1024
            assert run.verify([]) == 0
        name = contender.name
        answer.note("of a core", "%", name, share, limit=8)
        answer.note("a socket", "KiB", name, grown, limit=30)
    return answer
