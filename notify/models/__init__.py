"""The models: content (Notice), recipients (Batch), each recipient's copy (Notification, Inbox),
access (ApiToken, SpentTicket, EndedSession, KnownDevice), and people as readers (Reader).

Only `notify.inbox` changes `Inbox.version` and the columns that go with it.
"""

from notify.models.access import ApiToken, EndedSession, KnownDevice, SpentTicket
from notify.models.base import primary
from notify.models.deployment import Deployment
from notify.models.inbox import Inbox, Notification, Place
from notify.models.notices import Batch, Level, Notice
from notify.models.readers import Reader
from notify.models.users import user_pk

__all__ = [
    "ApiToken",
    "Batch",
    "Deployment",
    "EndedSession",
    "Inbox",
    "KnownDevice",
    "Level",
    "Notice",
    "Notification",
    "Place",
    "Reader",
    "SpentTicket",
    "primary",
    "user_pk",
]
