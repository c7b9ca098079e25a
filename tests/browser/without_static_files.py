"""The project on a server that serves no static files, as a newcomer has it."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name.lower()]
