"""The shop as it is deployed: static files with hashed names, from a storage of its choice."""

import os

from shop.settings import *  # noqa: F403
from shop.settings import MIDDLEWARE

DEBUG = False
STATIC_ROOT = os.environ["SHOP_STATIC"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": os.environ["SHOP_STORAGE"]},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = "SHOP_ONLY_HASHED" in os.environ
MIDDLEWARE = ["whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE]
