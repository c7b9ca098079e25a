"""The ORM from a test that runs in an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections

Result = TypeVar("Result")


async def orm(work: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """What `work` returns, run in a thread, whose connections are closed after it."""

    def run() -> Result:
        try:
            return work(*args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)
