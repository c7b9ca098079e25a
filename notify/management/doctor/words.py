"""What an error means, in words, and with a cure."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from notify.management.doctor.patient import Finding, Level, Patient, Unwell

Look = Callable[[Patient], str]


def found(hop: str, look: Look, patient: Patient, *, failed: Level = Level.ILL) -> Finding:
    """What a look finds: well with what it returns, or the level of the Unwell that it raises.
    Any other error has the level `failed`."""
    try:
        return Finding(hop, look(patient))
    except Unwell as error:
        return Finding(hop, str(error), error.level)
    except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
        said = of_error(error)
        return Finding(hop, said if failed is Level.ILL else f"not seen: {said}", failed)


def of_error(error: Exception) -> str:
    match error:
        case Unwell():
            return str(error)
        case InvalidStatus():
            return _of_status(error.response.status_code)
        case ssl.SSLCertVerificationError():
            return f"the certificate does not hold: {error.verify_message}"
        case socket.gaierror():
            return f"this name has no address ({error.strerror})"
        case TimeoutError():
            return "no answer in time; look for a firewall, or a process that hangs"
        case ConnectionClosed():
            return f"the connection was closed ({error})"
        case OSError() | InvalidHandshake():
            return f"{error}"
    return repr(error)


def _of_status(status: int) -> str:
    cures = {
        403: "refused: the Origin is not the request's own as the process sees it. Have the proxy "
        "hand on Host with its port and X-Forwarded-Proto, set BEHIND_PROXY=on, and start "
        "`manage.py serve` with --proxy-headers; or name the origin in NOTIFY_ALLOWED_ORIGINS. "
        "Where the process's log says `No socket at`, it is the path",
        400: "refused by the process: is the host in ALLOWED_HOSTS, and is Upgrade handed on?",
        404: "not found: does the proxy hand on this path, and Upgrade and Connection?",
        426: "the path is right, but Upgrade and Connection are not handed on by every proxy",
        429: "the proxy limits this address; wait a little",
        502: "the proxy reaches no process; are they running, on the ports that it knows?",
        503: "the proxy has nobody to ask",
        504: "the proxy waits in vain for the process",
    }
    about = cures.get(status, "an answer other than 101: is Upgrade handed on by every proxy?")
    return f"HTTP {status}: {about}"
