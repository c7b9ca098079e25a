"""What a network error means, and what to do about it."""

from __future__ import annotations

import socket
import ssl

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus


def error_text(error: Exception) -> str:
    match error:
        case InvalidStatus():
            return _status_text(error.response.status_code)
        case ssl.SSLCertVerificationError():
            return f"the certificate is not valid: {error.verify_message}"
        case socket.gaierror():
            return f"the name does not resolve ({error.strerror}). Check it, and its DNS records"
        case TimeoutError():
            return "no response in time. Check for a firewall, or a process that hangs"
        case ConnectionClosed():
            return f"the connection was closed ({error})"
        case ConnectionRefusedError():
            return "the connection was refused. Check that a server listens at this address"
        case OSError() | InvalidHandshake():
            return f"{error}"
    return repr(error)


def _status_text(status: int) -> str:
    """Of a response to a WebSocket handshake that should be 101."""
    texts = {
        403: "refused: the Origin does not match the host and scheme that the process sees. Have "
        "the proxy forward Host with its port, and X-Forwarded-Proto; set BEHIND_PROXY=on, and "
        "start `manage.py serve` with --proxy-headers; or add the origin to "
        "NOTIFY_ALLOWED_ORIGINS. If the log of the process says `No socket at`, the path is wrong",
        400: "refused by the process. Check ALLOWED_HOSTS, and that the proxy forwards Upgrade",
        404: "not found. Check that the proxy forwards this path, Upgrade and Connection",
        426: "the path is right, but a proxy does not forward Upgrade and Connection",
        429: "the proxy limits the rate of this address. Wait a little",
        502: "the proxy reaches no process. Check that they run, on the ports that it expects",
        503: "the proxy has no process to forward to. Check that they run",
        504: "the process did not answer the proxy in time. Check whether it hangs",
    }
    text = texts.get(status, "expected 101. Check that every proxy forwards Upgrade")
    return f"HTTP {status}: {text}"
