"""Our application, which gives up a database that hangs after seconds, not after a minute."""

from config.asgi import application
from notify.live import hub, sweep

__all__ = ["application"]

hub.CALL_LIMIT_S = 1.0
sweep.DATABASE_ABSENCE_S = 4.0
