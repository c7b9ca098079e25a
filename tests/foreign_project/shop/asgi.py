import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
http = get_asgi_application()

from notify.asgi import NotifyApplication  # noqa: E402

application = NotifyApplication(http)
