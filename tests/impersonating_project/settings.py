"""The project of config/ in which HTTP acts as somebody else than the session says, and the socket
does not: as with packages by which staff see a site as one of its users."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

MIDDLEWARE = [*MIDDLEWARE, "tests.impersonating_project.middleware.as_ada"]
