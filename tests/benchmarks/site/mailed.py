"""A kind that is mailed. Whoever imports this declares a channel."""

from __future__ import annotations

from datetime import timedelta

import notify
from tests.benchmarks.site.notices import ShortOrder


class MailedOrder(ShortOrder):
    key = "benchmarks.mailed_order"
    channels = [notify.Email(after=timedelta(days=1))]
