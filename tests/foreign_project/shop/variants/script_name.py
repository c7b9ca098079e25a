"""Under a path that the proxy leaves on."""

from shop.settings import *

FORCE_SCRIPT_NAME = "/app"
STATIC_URL = "assets/"
