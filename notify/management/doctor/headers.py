"""Headers: those of a proxy that a client sends itself, HSTS; and the probes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

from notify.management.doctor.asking import Answer, ask, ordinary_path, path_of, shake_hands
from notify.management.doctor.patient import FOREIGN_HOST, Advice, Patient, Weak

# Headers that only a proxy may set: what a client sends here, and what nginx must set instead. A
# process that believes one answers differently: the Origin does not match, the host is not
# allowed, the path is another. No answer shows the address; but this one is not UTF-8, and Daphne
# fails to decode it.
PROXY_HEADERS = {
    "X-Forwarded-Proto": ("http", "$scheme"),
    "X-Forwarded-Host": (FOREIGN_HOST, '""'),
    "X-Forwarded-For": ("\xff", "$remote_addr"),
    "Forwarded": (f"for=192.0.2.1;host={FOREIGN_HOST};proto=http", '""'),
    "Daphne-Root-Path": (None, '""'),  # the first segment of the requested path
}
CONTROL = "X-Notify-Doctor"  # a header that no process reads


def proxy_headers(patient: Patient) -> str:
    """Sends each of PROXY_HEADERS with a request and with a handshake. Raises Weak."""
    path = ordinary_path(patient)
    ways: list[tuple[str, Callable[[Mapping[str, str]], Answer]]] = [
        (path, lambda sent: ask(patient, path, sent)),
        (patient.socket_path, lambda sent: shake_hands(patient, sent)),
    ]
    believed = [name for name in PROXY_HEADERS if any(_is_believed(name, *way) for way in ways)]
    if not believed:
        return f"a client's own {', '.join(PROXY_HEADERS)} change no answer"
    cures = " ".join(f"proxy_set_header {name} {PROXY_HEADERS[name][1]};" for name in believed)
    raise Weak(
        f"believed of any client: {', '.join(believed)}. Have the proxy overwrite them (nginx: "
        f"{cures}); without a proxy, leave BEHIND_PROXY and --proxy-headers off"
    )


def _is_believed(name: str, path: str, answer: Callable[[Mapping[str, str]], Answer]) -> bool:
    """Asked twice, as an answer may differ by chance."""
    value = PROXY_HEADERS[name][0] or f"/{path.split('/')[1]}"
    return all(answer({CONTROL: value}).gist != answer({name: value}).gist for _ in range(2))


def probes(patient: Patient) -> str:
    """Whether /readyz and /metrics are closed to the world. Raises Weak or Advice."""
    asked = {
        path: ask(patient, path)
        for path in (
            path_of(patient, "notify-probes:readyz"),
            path_of(patient, "notify-probes:metrics"),
        )
        if path
    }
    reached = {path: answer.status for path, answer in asked.items() if _is_of_a_process(answer)}
    if not reached:
        return f"closed: {', '.join(asked) or 'none is routed'}"
    told = " and ".join(f"{path} ({status})" for path, status in reached.items())
    cures = " ".join(f"location = {path} {{ return 404; }}" for path in reached)
    refused = all(status == HTTPStatus.FORBIDDEN for status in reached.values())
    raise (Advice if refused else Weak)(
        f"open to the internet: {told}. Close it in the proxy (nginx: {cures}), and ask "
        "each process by its own port"
    )


def _is_of_a_process(answer: Answer) -> bool:
    """Whether it is what `notify.web` says: /readyz tells of its sweep, and /metrics of the
    permission that it needs, where it does not tell its figures."""
    return any(words in answer.body for words in ('"sweep"', "notify.view_operations", "# HELP "))


def hsts(patient: Patient) -> str:
    """Whether all answers have HSTS, those of the proxy included. Raises Advice."""
    path = ordinary_path(patient)
    if not _has_hsts(ask(patient, path)):
        raise Advice(
            f"{path} has no Strict-Transport-Security: set SECURE_HSTS_SECONDS, so that browsers "
            "never come by http again"
        )
    refused = ask(patient, "/%00")  # nginx answers it itself
    if not _has_hsts(refused):
        raise Advice(
            f"the pages have Strict-Transport-Security, and this {refused.status} has not. Have "
            'the proxy add it to its own answers (nginx: add_header Strict-Transport-Security "'
            'max-age=31536000" always;)'
        )
    return "on pages, and on what the proxy itself answers"


def _has_hsts(answer: Answer) -> bool:
    return bool(answer.header("Strict-Transport-Security"))
