"""The project of config/ where nobody is anywhere without having signed in, sessions slide, and the
CSRF token is where the scripts of some other framework look for it."""

from config.settings import *  # noqa: F403
from config.settings import MIDDLEWARE

AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_after = MIDDLEWARE.index(AUTHENTICATION) + 1
MIDDLEWARE = [
    *MIDDLEWARE[:_after],
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "tests.strict_project.middleware.asks_for_the_api_too",
    *MIDDLEWARE[_after:],
]
LOGIN_URL = "/accounts/login/?of=shop"
SESSION_SAVE_EVERY_REQUEST = True
CSRF_HEADER_NAME = "HTTP_X_XSRF_TOKEN"
CSRF_COOKIE_NAME = "XSRF-TOKEN"
