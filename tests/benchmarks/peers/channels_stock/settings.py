"""A Django project with Channels, and with users and sessions. REDIS_LAYER: pubsub, or core."""

import os

import environ

env = environ.Env()
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
# A pool, as without one each look at a session would open a connection.
POOL = {"min_size": 1, "max_size": 8, "timeout": 10}
DATABASES = {"default": env.db_url("DATABASE_URL") | {"OPTIONS": {"pool": POOL}}}
INSTALLED_APPS = [
    "daphne",
    "channels",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ASGI_APPLICATION = "tests.benchmarks.peers.channels_stock.asgi.application"
USE_TZ = True

BACKENDS = {
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
}
# The core layer's blocking read takes 5 s, as long as redis-py 8 waits for a socket by default.
HOST = {"address": os.environ["REDIS_URL"], "socket_timeout": 10}
CHANNEL_LAYERS = {
    "default": {"BACKEND": BACKENDS[os.environ["REDIS_LAYER"]], "CONFIG": {"hosts": [HOST]}}
}
