"""What the system checks of notify find."""

from __future__ import annotations

from django.core.checks import run_checks


def ids(messages):
    return [message.id for message in messages]


def ours(**options):
    return [message for message in run_checks(**options) if message.id.startswith("notify.")]


def ours_of(id_):
    return [message for message in ours() if message.id == id_]
