"""The process of a mail server that takes messages into a folder, and misbehaves as it is told:

    python -m tests.harness.smtp_sink PORT FOLDER GREETING TLS [CERTIFICATE KEY]

The part before the @ of a recipient says how, so that one server serves every test:

    unknown@…         550 5.1.1 after RCPT
    relay@…           550 5.7.1 after RCPT, as of a server that does not relay
    full@…            452 4.2.2 after RCPT
    later@…           451 4.7.1 after DATA, as greylisting
    spam@…            554 5.7.1 after the message
    broken@…          451 4.3.0 after the message
    dropdata@…        ends the connection instead of answering DATA
    drop@…            takes the message, and ends the connection before the 250
    hang@…            no answer to RCPT
    hangafter@…       takes the message, and does not answer
    drip@…            answers RCPT with a byte every 0.1 s, for ever
    quit@…            takes the message, and does not answer QUIT
    stuck@…           554 5.7.1 after the message, and no answer to QUIT
    busy@…            takes it, and answers 421 to the next message of the connection
    anybody else@…    takes the message
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import uuid
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

DRIP_S = 0.1
NEVER_S = 86_400
AFTER_RCPT = {
    "unknown": "550 5.1.1 No such user here",
    "relay": "550 5.7.1 Relay access denied",
    "full": "452 4.2.2 Mailbox full",
}
AFTER_MESSAGE = {
    "spam": "554 5.7.1 Looks like spam",
    "stuck": "554 5.7.1 Looks like spam",
    "broken": "451 4.3.0 Disk full",
}


class Sink(SMTP):
    """The server's side of one connection."""

    numbers = count(1)

    def __init__(self, directory: Path, greeting: str, starttls: ssl.SSLContext | None) -> None:
        self.directory, self.greeting = directory, greeting
        self.number = next(self.numbers)
        self.after = ""  # how the last message has changed it
        loop = asyncio.get_running_loop()
        super().__init__(self, hostname="localhost", loop=loop, tls_context=starttls)

    @property
    def how(self) -> str:
        """The first recipient's part before the @."""
        recipients: list[str] = self.envelope.rcpt_tos if self.envelope else []
        return recipients[0].partition("@")[0] if recipients else ""

    async def _handle_client(self) -> None:
        if self.greeting == "drip":
            await self.drip()
        if self.greeting == "hang":
            await asyncio.sleep(NEVER_S)
        await super()._handle_client()

    async def drip(self) -> None:
        while self.transport is not None:
            self.transport.write(b"2")  # type: ignore[attr-defined]
            await asyncio.sleep(DRIP_S)

    # The hooks of aiosmtpd's handlers.

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        how = address.partition("@")[0]
        if how == "hang":
            await asyncio.sleep(NEVER_S)
        if how == "drip":
            await self.drip()
        if how in AFTER_RCPT:
            return AFTER_RCPT[how]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.after = self.how
        if self.how in AFTER_MESSAGE:
            return AFTER_MESSAGE[self.how]
        self.keep(envelope)
        if self.how == "drop" and self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]
        if self.how == "hangafter":
            await asyncio.sleep(NEVER_S)
        return "250 2.0.0 Taken"

    def keep(self, envelope: Any) -> None:
        """Written whole before it is answered for."""
        headers = f"X-Rcpt-To: {envelope.rcpt_tos[0]}\r\nX-Connection: {self.number}\r\n"
        file = self.directory / f"{uuid.uuid4()}.tmp"
        file.write_bytes(headers.encode() + envelope.original_content)
        file.rename(file.with_suffix(".eml"))

    # Commands.

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        if self.after == "busy" and self.transport is not None:
            await self.push("421 4.7.0 Enough of this connection")
            self.transport.close()
        else:
            await super().smtp_MAIL(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.how == "dropdata" and self.transport is not None:
            self.transport.abort()  # type: ignore[attr-defined]
        elif self.how == "later":
            await self.push("451 4.7.1 Greylisted")
        else:
            await super().smtp_DATA(arg)

    async def smtp_QUIT(self, arg: str) -> None:  # noqa: N802
        if self.after in {"quit", "stuck"}:
            await asyncio.sleep(NEVER_S)
        await super().smtp_QUIT(arg)


async def main(port: str, folder: str, greeting: str = "", tls: str = "", *files: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if files else None
    if context is not None:
        context.load_cert_chain(*files)
    contexts = {tls: context}
    server = await asyncio.get_running_loop().create_server(
        lambda: Sink(Path(folder), greeting, contexts.get("starttls")),
        *("127.0.0.1", int(port)),
        ssl=contexts.get("implicit"),
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
