"""Questions 3 and 10: how long until a client knows."""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Sequence
from statistics import median, quantiles
from urllib.parse import urlencode

from tests.benchmarks.answers import Answer
from tests.benchmarks.bench import Run
from tests.benchmarks.contenders import SERVED
from tests.benchmarks.people import Person, sign_in
from tests.benchmarks.questions.scale import Scale, alternating

WARM_UP = 20
TABS = 5
USERS = 100
ATOMIC = SERVED.with_(
    "notify, `serve`, `ATOMIC_REQUESTS`", DJANGO_SETTINGS_MODULE="tests.benchmarks.site.atomic"
)


def one_notice(scale: Scale) -> Answer:
    few, many = scale.idle_sockets // 100, scale.idle_sockets
    some = scale.idle_sockets // 10
    answer = Answer(
        3,
        "One notice to one user",
        f"A view calls `notify.send` for one user after the other, {scale.samples} times: the "
        f"time from that call until the client has read the frame, with {some:,} sockets open. "
        "The same in turn with `ATOMIC_REQUESTS`, where the view's transaction is committed after "
        "it has returned. "
        "Then the CPU time of the server process for one such request and its delivery, "
        f"including request, view and database, with {many:,} and with {few:,} idle sockets, "
        "without pings and sweeps.",
    )
    everyone = sign_in(many)
    for contender in alternating(scale, ATOMIC, SERVED):
        people = everyone[:some]
        with Run(contender) as run:
            run.open(people)
            delays = sample(run, people, scale.samples)
        if contender is SERVED:
            _note_delays(answer, "send to receipt", delays, p50=4, p99=20)
        reach = 1.5 if contender is SERVED else None
        p50 = median(delays) * 1e3
        answer.note("with `ATOMIC_REQUESTS`, p50", "ms", contender.name, p50, reach=reach)
    for n in range(scale.runs):
        for count in (few, many) if n % 2 else (many, few):
            people = everyone[:count]
            with Run(SERVED.quiet) as run:
                run.open(people)
                sample(run, people, 0)
                run.rest()
                cpu = run.cpu
                asked = WARM_UP + scale.samples
                sample(run, people, scale.samples)
                cost = (run.cpu - cpu) / asked * 1e3
            reach = 1.2 if count == few else None
            answer.note("CPU of one", "ms", f"{count:,} idle sockets", cost, reach=reach)
    return answer


def _note_delays(answer: Answer, what: str, delays: list[float], **limits: float) -> None:
    cuts = quantiles(delays, n=100, method="inclusive")
    for name, cut in (("p50", cuts[49]), ("p99", cuts[98])):
        limit = limits.get(name)
        answer.note(f"{what}, {name}", "ms", SERVED.name, cut * 1e3, limit=limit)


def sample(run: Run, people: Sequence[Person], samples: int) -> list[float]:
    """Seconds of each, after a warm-up; and every client got its own and no other's."""
    connection = http.client.HTTPConnection("127.0.0.1", run.servers[0].port)
    delays = []
    total = sum(map(len, run.expected.values()))
    for _ in range(WARM_UP + samples):
        index = random.randrange(len(people))
        form = urlencode({"user": people[index].key, "n": total})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/send/", form, headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        run.expected.setdefault(index, []).append(total)
        total += 1
        delays.append(run.wait(total=total)["last_at"] - json.loads(body)["called"])
    connection.close()
    assert run.verify(run.expected) == total
    return delays[WARM_UP:]


def mark(scale: Scale) -> Answer:
    users = min(USERS, scale.samples // 2)
    answer = Answer(
        10,
        f"A mark on one of {TABS} open sockets of a user",
        "One client marks a notification read: the time until the last of the user's other four "
        f"has read the frame that shows it. {scale.samples} marks in a run, by {users} users in "
        "turn.",
    )
    people = sign_in(users)
    for contender in alternating(scale, SERVED):
        with Run(contender) as run:
            run.open([person for person in people for _ in range(TABS)])
            delays = []
            for _ in range(scale.samples // users + 1):
                run.broadcast(1)
                run.wait()
                for user in range(users):
                    first = user * TABS
                    delays.append(run.mark(first, range(first + 1, first + TABS)))
            assert run.verify() == (scale.samples // users + 1) * users * TABS
        _note_delays(answer, "mark to the last", delays[users:], p50=5)
    return answer
