"""All routes under a path of the URLconf, and the cookies with them."""

from shop.settings import *

ROOT_URLCONF = "shop.variants.prefixed_urls"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/links/"
STATIC_URL = "/links/assets/"
