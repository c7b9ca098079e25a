"""Our deployment with views that send, for a WSGI server."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.integration.sending_urls"
