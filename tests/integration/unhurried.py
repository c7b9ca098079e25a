"""Our application, for a test that asks more than 600 times a minute."""

from config.asgi import application
from notify.web import limits

__all__ = ["application"]

limits.requests.limit = 10**9
