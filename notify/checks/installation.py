"""The installed distributions, and the server that runs this process."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions, version
from typing import Any

from django.core.checks import CheckMessage, Warning, register

from notify.live import health

DISTRIBUTION = "django-notify-live"
TESTED_DAPHNE = "4.2."


@register("notify")
def check_distributions(**options: Any) -> list[CheckMessage]:
    """notify.W014: another distribution has installed files into the directory of notify."""
    others = sorted({one.name for one in distributions() if _has_notify(one)} - {DISTRIBUTION})
    if not others:
        return []
    return [
        Warning(
            f"{', '.join(others)} and {DISTRIBUTION} install the same module, `notify`, and have "
            "overwritten each other's files.",
            hint="Uninstall the one you do not need, then run `pip install --force-reinstall "
            f"{DISTRIBUTION}`.",
            id="notify.W014",
        )
    ]


def _has_notify(distribution: Distribution) -> bool:
    """Whether it installed a module of our name. Unlike `packages_distributions()`, it parses no
    metadata: with a hundred distributions that took a tenth of a second of each command."""
    modules = distribution.read_text("top_level.txt") or ""
    record = distribution.read_text("RECORD") or ""
    return "notify" in modules.split() or bool(re.search(r"^notify(/|\.py,)", record, re.MULTILINE))


@register("notify")
def check_daphne(**options: Any) -> list[CheckMessage]:
    """notify.W008: `serve` relies on private names of Daphne."""
    installed = version("daphne")
    if installed.startswith(TESTED_DAPHNE):
        return []
    return [
        Warning(
            f"`manage.py serve` is not tested with Daphne {installed}, only with {TESTED_DAPHNE}x: "
            "it may fail to drain, limit or supervise its sockets.",
            hint=f"Install daphne {TESTED_DAPHNE}x, or a version of notify that supports yours; "
            "stock `daphne` and uvicorn serve notify too.",
            id="notify.W008",
        )
    ]


@register("notify")
def check_server(**options: Any) -> list[CheckMessage]:
    """notify.W009: a server other than `manage.py serve` runs this process.

    No other process can know that, so each process that serves runs the checks itself.
    """
    if health.current().is_bounded:
        return []
    return [
        Warning(
            "A server other than `manage.py serve` runs this process. It works, but buffers what "
            "clients send without limit, does not drain on SIGTERM, and only "
            "NOTIFY_SOCKETS_PER_PROCESS limits the number of sockets.",
            hint="Run `manage.py serve` (docs/deployment.md), or silence this check. In front of "
            "stock `daphne` the proxy must overwrite Daphne-Root-Path, X-Forwarded-… and "
            "Forwarded, which Daphne trusts from any client.",
            id="notify.W009",
        )
    ]
