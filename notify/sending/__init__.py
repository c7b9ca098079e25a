"""Sending: one function for each verb, which views, the admin, the API, commands and sockets call.

There is one road, in two halves. In the caller's transaction, a notice is written, with a batch for
what is owed to its recipients (`writing`). After the commit the batches are appended to the
inboxes, each in a transaction of its own, and the changes are announced (`after_commit`). Where the
caller has no transaction, both halves share one. A lost announcement loses nothing: the sockets
find out by comparing versions.
"""

from notify.sending.carrying_out import carry_out, carry_out_next
from notify.sending.drafts import NewNotice
from notify.sending.expiry import recall_expired
from notify.sending.many import send_many
from notify.sending.verbs import (
    arecall,
    asend,
    cancel,
    carry_out_command,
    mark,
    mark_through,
    open_bell,
    pause,
    recall,
    resume,
    send,
    undo,
)
from notify.sending.wanting import (
    follow,
    mute,
    prefer,
    resubscribe,
    set_reader,
    unfollow,
    unmute,
    unsubscribe,
    why,
)

__all__ = [
    "NewNotice",
    "arecall",
    "asend",
    "cancel",
    "carry_out",
    "carry_out_command",
    "carry_out_next",
    "follow",
    "mark",
    "mark_through",
    "mute",
    "open_bell",
    "pause",
    "prefer",
    "recall",
    "recall_expired",
    "resubscribe",
    "resume",
    "send",
    "send_many",
    "set_reader",
    "undo",
    "unfollow",
    "unmute",
    "unsubscribe",
    "why",
]
