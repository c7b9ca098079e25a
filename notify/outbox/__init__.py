"""Ways out of the browser: channels by which people hear of what they have not read.

    from notify.outbox import AddressRefused, Channel, Deferred

    class Sms(Channel):
        key = "sms"

        def address(self, user): …
        def render(self, outgoing): …
        def hand_over(self, message, address): …

Imported only where a project declares a channel. What is exported here needs no model, so that a
kind that declares one may be anywhere.
"""

from notify.outbox.channel import (
    AddressRefused,
    Channel,
    Deferred,
    HandOverFailed,
    MessageRefused,
    Outgoing,
    Unanswered,
)
from notify.outbox.email import Email

__all__ = [
    "AddressRefused",
    "Channel",
    "Deferred",
    "Email",
    "HandOverFailed",
    "MessageRefused",
    "Outgoing",
    "Unanswered",
]
