"""Pages by gunicorn, the socket by `serve`, nginx and Redis between."""

import os

from shop.settings import *

DEBUG = False
STATIC_ROOT = DIRECTORY / "static"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "notify.bus.layers.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [os.environ["SHOP_REDIS"]]},
    }
}
