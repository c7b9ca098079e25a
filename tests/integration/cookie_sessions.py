"""Our deployment with sessions in cookies, which are written anew with each answer."""

from config.settings import *  # noqa: F403

SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_SAVE_EVERY_REQUEST = True
