"""The figures of live operations: what each means, when it is red, and what to do then.

The page, /metrics, docs/operations.md, the Grafana dashboard and the Prometheus alerts are made of
these tables (`make figures`), so that each figure has one name and one meaning everywhere. Texts
are English; pages translate titles and cures.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True, slots=True)
class Figure:
    """`name` is the metric's. `unit` is "s", "bytes", "switch" (0 or 1), or empty for a number.
    A figure is red above `above`, or below `below`; then `cure` says what to do. `label` is what
    it is broken down by, if it is."""

    name: str
    title: str
    about: str
    unit: str = ""
    above: float | None = None
    below: float | None = None
    cure: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Reason:
    """A value of the label of a counter, and what it means."""

    name: str
    title: str


# The same in every process: read from the database.
OF_DATABASE = (
    Figure(
        "notify_database_up",
        _("Database"),
        "Whether the database answers.",
        "switch",
        below=1,
        cure=_(
            "The database isn't answering. Open sockets stay for a minute. Check that it runs, and "
            "that connections are free."
        ),
    ),
    Figure(
        "notify_batches_open",
        _("Batches waiting"),
        "Batches to be carried out, later ones included.",
    ),
    Figure("notify_batches_due", _("Batches due"), "Batches that a worker could take now."),
    Figure(
        "notify_batches_due_age_seconds",
        _("Oldest due batch"),
        "For how long nothing has been done for the notice that has been due longest; 0 if no "
        "batch is due.",
        "s",
        above=60,
        cure=_(
            "Workers are missing or too slow. Check that servers run with NOTIFY_SERVER_WORKERS "
            "above 0, or start “manage.py notify_work”."
        ),
    ),
    Figure(
        "notify_batches_failing",
        _("Batches failing"),
        "Batches that failed, or didn't get their locks, and will be tried again.",
        above=0,
        cure=_(
            "A batch failed and is retried at least every five minutes. Look for “A batch failed” "
            "in the log. If a notice does harm, pause it."
        ),
    ),
    Figure("notify_notices_sending", _("Notices being sent"), "Notices with batches that are due."),
    Figure(
        "notify_notices_paused",
        _("Notices paused"),
        "Notices that wait for somebody to resume them.",
    ),
)

# The same, in /metrics only, where a kind has a way out of the browser.
OF_OUTBOX = (
    Figure(
        "notify_outbox_waiting",
        "Waiting to go out",
        "Notices that wait to go out of the browser, later ones included.",
    ),
    Figure(
        "notify_outbox_due_age_seconds",
        "Oldest due to go out",
        "For how long the notice has been due that should have gone out of the browser first; 0 if "
        "none is due.",
        "s",
        above=600,
        cure="Nobody hands out, or the mail server hangs. Check that servers run with "
        "NOTIFY_SERVER_WORKERS above 0, or start “manage.py notify_work”; “manage.py notify_doctor "
        "--email” says what the mail server answers.",
    ),
    Figure(
        "notify_outbox_messages",
        "Messages, 1 h",
        "Messages that ended within the last hour, on whichever process, by what became of them.",
        label="state",
    ),
    Figure(
        "notify_outbox_skipped",
        "Not sent, 1 h",
        "Notices that were to go out of the browser and within the last hour were found not to, by "
        "the reason.",
        label="why",
    ),
)

OF_PROCESS = (
    Figure("notify_uptime_seconds", _("Uptime"), "Since the process started.", "s"),
    Figure("notify_sockets", _("Open sockets"), "Open sockets."),
    Figure("notify_users", _("Users online"), "Users with an open socket."),
    Figure(
        "notify_polling_users",
        _("Users polling"),
        "Users who asked for changes over HTTP in the last minute, because they can have no "
        "socket.",
    ),
    Figure(
        "notify_slow_sockets",
        _("Slow sockets"),
        "Sockets with more than 256 KiB that their clients have not confirmed.",
        above=20,
        cure=_(
            "Many clients read slowly. Usually they share a network, or a proxy that buffers. "
            "Those that don't catch up are closed with 4508."
        ),
    ),
    Figure(
        "notify_slow_sockets_closed_recently",
        _("Slow sockets closed, 10 min"),
        "Sockets closed with 4508 in the last ten minutes, because their clients read too slowly.",
        above=20,
        cure=_(
            "Many clients read too slowly and were disconnected. They come back and lose nothing. "
            "Usually they share a network, or a proxy that buffers."
        ),
    ),
    Figure("process_resident_memory_bytes", _("Memory"), "Resident memory.", "bytes"),
    Figure(
        "notify_sweep_lag_seconds",
        _("Sweep lag"),
        "By how much the sweep, which finds what was lost, is late.",
        "s",
        above=30,
        cure=_(
            "Nothing that was lost is recovered. Look at the database latency and for “The sweep "
            "failed” in the log. If the database is well, restart the process."
        ),
    ),
    Figure(
        "notify_layer_up",
        _("Channel layer"),
        "Whether the channel layer works.",
        "switch",
        below=1,
        cure=_(
            "Redis is down or can't be reached. Everything still arrives, within seconds instead "
            "of at once. Check Redis and CHANNEL_LAYERS."
        ),
    ),
    Figure(
        "notify_layer_latency_seconds",
        _("Layer latency"),
        "Round trip of the last probe through the channel layer.",
        "s",
        above=0.25,
        cure=_(
            "Redis or the network is slow, or the process is overloaded. Compare the processes."
        ),
    ),
    Figure(
        "notify_database_latency_seconds",
        _("Database latency"),
        "Until the database answered the first query of the last sweep, or of a worker that last "
        "looked for batches, whichever took longer; while it does not answer, the time since it "
        "was asked.",
        "s",
        above=0.5,
        cure=_(
            "The database is slow, or all threads for it are busy (NOTIFY_DATABASE_THREADS). Look "
            "for long transactions and locks."
        ),
    ),
    Figure("notify_workers", _("Workers"), "Threads of the process that carry out batches."),
    Figure("notify_workers_busy", _("Workers busy"), "Those that carry out a batch now."),
    Figure("notify_draining", _("Draining"), "Whether the process is shutting down.", "switch"),
)

# What a process of `manage.py notify_work`, which has no sockets, tells of these.
OF_WORKER = tuple(
    figure
    for figure in OF_PROCESS
    if figure.name
    in {
        "notify_uptime_seconds",
        "process_resident_memory_bytes",
        "notify_layer_up",
        "notify_layer_latency_seconds",
        "notify_database_latency_seconds",
        "notify_workers_busy",
        "notify_draining",
    }
)

# Those of clients, and those of notify's protocol.
CLOSE_CODES = (
    *("1000", "1001", "1005", "1006"),
    *("4400", "4401", "4403", "4406", "4409"),
    *("4500", "4503", "4504", "4507", "4508", "4529", "4601"),
)

REFUSED = (
    Reason("origin", _("Handshake refused: origin not allowed")),
    Reason("subprotocol", _("Handshake refused: unknown subprotocol")),
)

LIMITS = (
    Reason("frames", _("Limit: frames of a client")),
    Reason("sockets", _("Limit: sockets of a process or address")),
    Reason("sockets_per_user", _("Limit: sockets of a user")),
    Reason("requests", _("Limit: requests of a user")),
    Reason("searches", _("Limit: searches of a user")),
    Reason("tests", _("Limit: tests of a user")),
)
