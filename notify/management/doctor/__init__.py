"""Examines a deployment from outside, as a browser and as an attacker would, step by step.

`connection_steps` connects as a browser does, `socket_steps` uses the socket. `security_steps`
then lists what an attacker would try: `header_steps`, `limit_steps` and `port_steps`.
`nginx_config` reads what no request can show.
"""

from __future__ import annotations

from collections.abc import Iterator

from notify.management.doctor import connection_steps, nginx_config, security_steps
from notify.management.doctor.findings import Finding, Level
from notify.management.doctor.target import Target, socket_path_at

__all__ = ["Finding", "Level", "Target", "examine", "examine_nginx", "socket_path_at"]

examine_nginx = nginx_config.examine


def examine(target: Target) -> Iterator[Finding]:
    """Yields each finding as it is made; security is examined only if everything works."""
    works = True
    for finding in connection_steps.run(target):
        yield finding
        works = works and finding.works
    if works:
        yield from security_steps.run(target)
