"""What an ASGI server serves: `daphne config.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http_application = get_asgi_application()  # sets Django up, so that what follows can import models

from notify.asgi import NotifyApplication

application = NotifyApplication(http_application)
