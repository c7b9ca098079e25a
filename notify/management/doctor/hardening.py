"""What an attacker could use, though everything works."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from notify.management.doctor import headers, limits, listeners
from notify.management.doctor.patient import Finding, Level, Patient
from notify.management.doctor.words import Look, found

# Last, the one that can make other requests fail.
LOOKS: list[tuple[str, Look]] = [
    ("Old TLS", listeners.old_tls),
    ("Plain HTTP", listeners.plain_http),
    ("HSTS", headers.hsts),
    ("Probes", headers.probes),
    ("Proxy headers", headers.proxy_headers),
    ("Handshakes", listeners.old_handshakes),
    ("Sign-in", limits.sign_in),
    ("Long URL", limits.long_url),
]


def looks(patient: Patient) -> Iterator[Finding]:
    """The findings, as they come. Only for https:// URLs: others are for one's own machine."""
    if not patient.is_secure:
        yield Finding(
            "Hardening", "not looked at without TLS; try the https:// address", Level.HINT
        )
        return
    with ThreadPoolExecutor(1) as beside:
        slow = beside.submit(
            found, "Slow headers", listeners.slow_headers, patient, failed=Level.HINT
        )
        for hop, look in LOOKS:
            yield found(hop, look, patient, failed=Level.HINT)
        yield slow.result()
