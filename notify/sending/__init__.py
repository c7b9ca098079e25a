"""Sending: one function for each verb, which views, the admin, the API, commands and sockets call.

In the caller's transaction, only the notice and its batches are written (`before_commit`). After
the commit the batches are carried out, each in a transaction of its own, and the changes are
announced (`after_commit`). Outside a transaction, a notice for a few named users is written and
appended in a single transaction (`at_once`). A lost announcement loses nothing: the sockets find
out by comparing versions.
"""

from notify.sending.carrying_out import carry_out, carry_out_next
from notify.sending.expiry import recall_expired
from notify.sending.verbs import (
    arecall,
    asend,
    cancel,
    carry_out_mark,
    mark,
    mark_through,
    pause,
    recall,
    resume,
    send,
)

__all__ = [
    "arecall",
    "asend",
    "cancel",
    "carry_out",
    "carry_out_mark",
    "carry_out_next",
    "mark",
    "mark_through",
    "pause",
    "recall",
    "recall_expired",
    "resume",
    "send",
]
