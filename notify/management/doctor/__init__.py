"""Looks at a deployment from outside, as a browser and as an attacker would.

`walk` goes hop by hop to the socket, `talk` uses it. `hardening` lists the looks at what an
attacker could use: `headers`, `limits`, `listeners`, with the requests of `asking`. `words` says
what an error means.
"""

from __future__ import annotations

from collections.abc import Iterator

from notify.management.doctor import hardening, nginx, walk
from notify.management.doctor.patient import Finding, Level, Patient, socket_path_at

__all__ = ["Finding", "Level", "Patient", "examine", "examine_nginx", "socket_path_at"]

examine_nginx = nginx.examine


def examine(patient: Patient) -> Iterator[Finding]:
    """The findings, as they come. The hardening is looked at only where everything works."""
    works = True
    for finding in walk.hops(patient):
        yield finding
        works = works and finding.works
    if works:
        yield from hardening.looks(patient)
