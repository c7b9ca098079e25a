"""The ASGI application: `daphne config.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
http_application = get_asgi_application()  # sets Django up; only then can models be imported

from notify.asgi import NotifyApplication

application = NotifyApplication(http_application)
