"""Signals that notify sends to the project.

`notice_sent`: a Notice was written and its transaction has committed. Arguments: `notice`.
`notice_recalled`: a Notice was recalled or has expired. Arguments: `notice_id`.
Nothing in notify depends on a receiver. To send a notice, call `notify.send`.
"""

from __future__ import annotations

from django.dispatch import Signal

notice_sent = Signal()
notice_recalled = Signal()
