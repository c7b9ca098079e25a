from __future__ import annotations

from django.apps import apps
from django.contrib.auth.signals import user_logged_out
from django.core.checks.registry import registry


def test_the_app_registers_its_checks_and_receivers() -> None:
    config = apps.get_app_config("notify")
    assert config.default_auto_field == "django.db.models.BigAutoField"
    checks = {check.__module__ for check in registry.registered_checks}
    assert {one for one in checks if one.startswith("notify.checks.")}
    receivers = list(user_logged_out._live_receivers(None)[0])
    assert any(one.__module__ == "notify.access.session_end" for one in receivers)
