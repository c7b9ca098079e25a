"""Settings of a process that has the new SECRET_KEY, while others have the old one only."""

import os

from config.settings import *  # noqa: F403

SECRET_KEY_FALLBACKS = [os.environ["OLD_SECRET_KEY"]]
