"""Small servers for probes to try: DNS on UDP, and HTTPS with an authority of the test's own."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import trustme

from tests.connectors.faults import read_request


class Zone(asyncio.DatagramProtocol):
    """Answers A questions from a table; ``None`` says SERVFAIL, a name that is not there NXDOMAIN."""

    def __init__(self, names: Mapping[str, tuple[str, ...] | None]) -> None:
        self.names = dict(names)
        self.asked = 0
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name = query.question[0].name.to_text(omit_final_dot=True)
        found = self.names.get(name, ())
        if found is None:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "A", *found))
        elif name not in self.names:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        assert self._transport is not None
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def serving_names(names: Mapping[str, tuple[str, ...] | None]) -> AsyncIterator[tuple[Zone, str]]:
    """A DNS server for as long as the block lasts, and its ``host:port``."""
    transport, zone = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Zone(names), local_addr=("127.0.0.1", 0)
    )
    try:
        yield zone, f"127.0.0.1:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()


@asynccontextmanager
async def serving_securely(folder: Path, until: datetime | None = None) -> AsyncIterator[tuple[int, Path]]:
    """An HTTPS server for ``localhost`` that says 200 to everything: its port, and its authority's file."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", not_after=until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    trusted = folder / "ca.pem"
    authority.cert_pem.write_to_path(trusted)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await read_request(reader)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            await writer.drain()
        except (OSError, EOFError):
            pass  # it only shook hands
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], trusted
    finally:
        server.close()
