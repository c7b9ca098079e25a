from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotifyConfig(AppConfig):
    name = "notify"
    verbose_name = _("Notifications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        import logging

        from django.utils.module_loading import autodiscover_modules

        from notify import checks, receivers  # noqa: F401  they register themselves
        from notify.access import session_end  # noqa: F401  as above
        from notify.kinds import fields, registry
        from notify.metrics.log_lines import log_lines

        logging.getLogger("notify").addHandler(log_lines)

        autodiscover_modules("notices")  # where apps declare their kinds
        for kind in registry.all_kinds():
            fields.model_of(kind)  # refuses types that cannot be stored
