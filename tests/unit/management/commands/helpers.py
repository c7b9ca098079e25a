"""Helpers of the commands' tests."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command


def run(command: str, *arguments: str, **options: Any) -> str:
    """What the command prints."""
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=out, **options)
    return out.getvalue()


def make_people(make_user: Callable[..., User], count: int) -> list[User]:
    return [make_user(f"user{n}") for n in range(count)]
