"""The project of config/ under a prefix: of the script name, or of the URLconf with the cookies."""

import os

from config.settings import *  # noqa: F403

FORCE_SCRIPT_NAME = os.environ.get("TEST_SCRIPT_NAME")
if "TEST_PREFIX" in os.environ:
    PREFIX = os.environ["TEST_PREFIX"]
    ROOT_URLCONF = "tests.mounted_project.urls"
    SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"/{PREFIX}"
