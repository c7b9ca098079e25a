"""`daphne tests.benchmarks.peers.channels_stock.asgi:application`"""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.benchmarks.peers.channels_stock.settings"

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

http_application = get_asgi_application()

from tests.benchmarks.peers.channels_stock.consumers import Notifications, SignedIn

application = ProtocolTypeRouter(
    {
        "http": http_application,
        "websocket": URLRouter(
            [
                path("ws/", Notifications.as_asgi()),
                path("ws/user/", AuthMiddlewareStack(SignedIn.as_asgi())),
            ]
        ),
    }
)
