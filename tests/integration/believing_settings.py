"""Our deployment, with the host that a proxy says."""

from config.settings import *  # noqa: F403

USE_X_FORWARDED_HOST = True
