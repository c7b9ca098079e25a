"""What the senders of questions 12 and 14 do alike, each in a project and a process of its own.

It knows Django and psycopg only, as the peer's virtual environment has nothing of ours.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection, transaction
from psycopg.pq import Trace

Call = Callable[[], object]
Calls = Mapping[str, Callable[[int], Call]]  # by what is called: prepares call `n`

ONE_PERSON, GROUP = "one person", "a group"
AUTOCOMMIT, ATOMIC = "autocommit", "inside atomic()"
REST_S = 0.005  # in which an announcement is made
WARM_UP = 20  # more often than a statement runs before psycopg prepares it
_SENT = re.compile(rb"^F\t\d+\t(?:Query|Execute)\b", re.MULTILINE)


def execute(statement: str, *params: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return int(cursor.rowcount)


def _run(call: Call, situation: str) -> None:
    if situation == ATOMIC:
        with transaction.atomic():
            call()
    else:
        call()


def take(call: Call, situation: str, rest: bool) -> dict[str, float]:
    """The seconds of one call, from before it (or before `atomic()`) to after the commit, and the
    CPU time of all threads of this process meanwhile. With `rest`, also the CPU time that they use
    after that."""
    cpu, started = time.process_time(), time.perf_counter()
    _run(call, situation)
    taken = {"wall": time.perf_counter() - started, "cpu": time.process_time() - cpu}
    if rest:
        cpu = time.process_time()
        time.sleep(REST_S)
        taken["late"] = time.process_time() - cpu
    return taken


def statements(prepare: Callable[[int], Call], situation: str) -> int:
    """What one call sends to PostgreSQL, by libpq's own trace: BEGIN, savepoints and COMMIT are
    counted, and several statements in one string are one."""
    *warm_up, call = [prepare(-n) for n in range(1, WARM_UP + 2)]
    for each in warm_up:
        _run(each, situation)
    pgconn = connection.connection.pgconn
    with tempfile.TemporaryFile() as trace:
        pgconn.trace(trace.fileno())
        pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        _run(call, situation)
        pgconn.untrace()
        trace.seek(0)
        return len(_SENT.findall(trace.read()))


def left(tables: str, prepare: Callable[[int], Call], situation: str, count: int) -> int:
    """Bytes by which the tables of an app, with their indexes, are larger after `count` calls and
    a VACUUM than they were after as many before. `tables` is how their names begin."""
    sizes = []
    for half in (range(count), range(count, 2 * count)):
        for n in half:
            _run(prepare(n), situation)
        sizes.append(_size(tables))
    return sizes[1] - sizes[0]


def _size(tables: str) -> int:
    execute("VACUUM")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class"
            " WHERE relkind = 'r' AND starts_with(relname, %s)",
            [f"{tables}_"],
        )
        [size] = cursor.fetchone()
    return int(size)
