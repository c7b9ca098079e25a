"""Our application, for a test that asks more than 600 times a minute."""

from config.asgi import application
from notify.web import callers

__all__ = ["application"]

callers.window.limit = 10**9
