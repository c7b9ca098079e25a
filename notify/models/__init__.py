"""The models: content (Notice), recipients (Batch), each recipient's copy (Notification, Inbox),
access (ApiToken, SpentTicket, EndedSession, KnownDevice), and people as readers (Reader), with what
they want (Preference, Mute, Subscription), and what goes out of the browser (OutboxItem, Message,
Reach).

Only `notify.inbox` changes `Inbox.version` and the columns that go with it.
"""

from notify.models.access import ApiToken, EndedSession, KnownDevice, SpentTicket
from notify.models.base import primary
from notify.models.deployment import Deployment
from notify.models.inbox import Inbox, Notification, Place, Reason
from notify.models.notices import Batch, Level, Notice
from notify.models.outbox import Message, OutboxItem, Reach
from notify.models.readers import Mute, Preference, Reader, Subscription
from notify.models.users import user_pk

__all__ = [
    "ApiToken",
    "Batch",
    "Deployment",
    "EndedSession",
    "Inbox",
    "KnownDevice",
    "Level",
    "Message",
    "Mute",
    "Notice",
    "Notification",
    "OutboxItem",
    "Place",
    "Preference",
    "Reach",
    "Reader",
    "Reason",
    "SpentTicket",
    "Subscription",
    "primary",
    "user_pk",
]
