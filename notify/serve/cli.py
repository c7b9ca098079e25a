"""The command line of `manage.py serve`: Daphne's, with our server and our limits."""

from __future__ import annotations

import logging
from functools import partial

from daphne.cli import CommandLineInterface
from django.conf import settings

from notify.serve.proxy_headers import enabled_proxy_settings
from notify.serve.requests import MAX_BODY_BYTES
from notify.serve.server import DrainingServer

logger = logging.getLogger(__name__)

HANDSHAKE_TIMEOUT_S = 30  # thousands of clients may connect at once; nginx limits slow ones
MAX_MESSAGE_BYTES = 64 * 1024


class ServeCommand(CommandLineInterface):  # type: ignore[misc]  # daphne has no types
    def __init__(self) -> None:
        super().__init__()
        self.parser.prog = "manage.py serve"
        self.parser.set_defaults(
            websocket_connect_timeout=HANDSHAKE_TIMEOUT_S,
            websocket_max_message_size=MAX_MESSAGE_BYTES,
            websocket_max_frame_size=MAX_MESSAGE_BYTES,
        )
        self.parser.add_argument(
            "--http-max-body-size",
            type=int,
            default=MAX_BODY_BYTES,
            help="Maximum size of a request body, in bytes; a larger one is answered with 413. "
            "Raise it where the project accepts larger files.",
        )
        for action in self.parser._actions:
            if action.dest == "proxy_headers":
                action.help = (
                    "Trust the headers of the proxy in front of this process: the last address of "
                    "X-Forwarded-For, X-Forwarded-Port, X-Forwarded-Proto. The proxy must "
                    "overwrite them. Without this option they are dropped."
                )
            # Daphne requires this argument; the default is the project's application.
            if action.dest == "application":
                action.nargs = "?"
                action.default = ":".join(settings.ASGI_APPLICATION.rsplit(".", 1))

    def run(self, args: list[str]) -> None:
        options = self.parser.parse_args(args)
        if not options.proxy_headers and (names := enabled_proxy_settings()):
            logger.warning(
                "%s expects a proxy, but without --proxy-headers this process trusts none and "
                "drops Forwarded and X-Forwarded-… headers. Behind a proxy that overwrites them, "
                "add --proxy-headers.",
                " and ".join(names),
            )
        self.server_class = partial(DrainingServer, max_body_bytes=options.http_max_body_size)
        super().run(args)
