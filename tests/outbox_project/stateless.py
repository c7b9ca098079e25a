"""A record without states: what has no answer is free again, whether it may have left or not."""

from notify.models import Message, OutboxItem
from notify.outbox import states

states.MESSAGES[Message.State.SENDING, "drop"] = Message.State.DROPPED
states.ITEMS["lose"] = OutboxItem.State.WAITING
