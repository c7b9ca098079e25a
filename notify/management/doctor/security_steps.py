"""What an attacker would try on a deployment that works."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from notify.management.doctor import header_steps, limit_steps, port_steps
from notify.management.doctor.findings import Finding, Level, Step, run_step
from notify.management.doctor.target import Target

# The last one can make other requests fail.
STEPS: list[tuple[str, Step]] = [
    ("Old TLS", port_steps.old_tls),
    ("Plain HTTP", port_steps.plain_http),
    ("HSTS", header_steps.hsts),
    ("Probes", header_steps.probes),
    ("Proxy headers", header_steps.proxy_headers),
    ("Bad handshakes", port_steps.bad_handshakes),
    ("Sign-in", limit_steps.sign_in),
    ("Long URL", limit_steps.long_url),
]


def run(target: Target) -> Iterator[Finding]:
    """Yields each finding as it is made. Only for https:// URLs: others are for development."""
    if not target.is_secure:
        text = "not examined without TLS. Pass the https:// address"
        yield Finding("Security", text, Level.HINT)
        return
    with ThreadPoolExecutor(1) as executor:
        slow = executor.submit(
            run_step, "Slow headers", port_steps.slow_headers, target, on_error=Level.HINT
        )
        for name, step in STEPS:
            yield run_step(name, step, target, on_error=Level.HINT)
        yield slow.result()
