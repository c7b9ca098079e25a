"""Our application, whose process is asked to end as soon as its port is open."""

import logging
import os
import signal

from config.asgi import application

__all__ = ["application"]


def end(record: logging.LogRecord) -> bool:
    if record.getMessage().startswith("Listening on"):
        os.kill(os.getpid(), signal.SIGTERM)
    return True


logging.getLogger("daphne.server").addFilter(end)
