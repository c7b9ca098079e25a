"""What notify reads comes from a replica that lags behind for ever."""

import os

from shop.settings import *

DATABASES = {
    **DATABASES,
    "replica": {**DATABASES["default"], "NAME": os.environ["SHOP_DATABASE"] + ".replica"},
}
DATABASE_ROUTERS = ["shop.variants.replica.Router"]


class Router:
    def db_for_read(self, model, **hints):
        # The rest of the site would not survive such a replica: its sessions, for one.
        return "replica" if model._meta.app_label == "notify" else "default"

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True

    def allow_migrate(self, db, app_label, model_name=None, **hints):
        return True
