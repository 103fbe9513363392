"""A simulated cluster behind TLS with everything that a kubeconfig can name of it, and a proxy to go through."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import trustme

from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.kubernetes.options import KubernetesOptions
from tests.connectors.faults import serving

CANARY = "canary-7f3a"
V1 = "client.authentication.k8s.io/v1"
Json = dict[str, Any]


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


@dataclass
class SecureCluster:
    """``authority`` is trusted by the server for clients too; every file lies in ``folder``."""

    wire: KubernetesWire
    authority: trustme.CA
    folder: Path
    proxied: list[str] = field(default_factory=list)
    proxy: str = ""
    socks: str = ""

    def __post_init__(self) -> None:
        ours = self.authority.issue_cert("somebody.example")
        self.certificate = ours.cert_chain_pems[0].bytes()
        self.key = ours.private_key_pem.bytes()
        self.pem = self.authority.cert_pem.bytes()
        for name, data in (("ca.pem", self.pem), ("cert.pem", self.certificate), ("key.pem", self.key)):
            (self.folder / name).write_bytes(data)
        (self.folder / "token").write_text(self.wire.token + "\n")

    @property
    def port(self) -> int:
        return int(self.wire.url.rsplit(":", 1)[1])

    @property
    def cluster(self) -> Json:
        return {"server": self.wire.url, "certificate-authority-data": base64_of(self.pem)}

    @property
    def user(self) -> Json:
        return {"token": self.wire.token}

    def plugin(self, status: Json, **more: Any) -> Json:
        """A user whose plug-in prints this status."""
        answer = json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": status})
        command = {"apiVersion": V1, "command": sys.executable, "args": ["-c", f"print({answer!r})"]}
        return {"exec": {"interactiveMode": "Never", **command, **more}}

    def kubeconfig(
        self, cluster: Json | None = None, user: Json | None = None, current: str = "sim", **more: Any
    ) -> str:
        """Written as ``config``; its path."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": current,
            "contexts": [{"name": "sim", "context": {"cluster": "sim", "user": "me", "namespace": "shop"}}],
            "clusters": [{"name": "sim", "cluster": cluster if cluster is not None else self.cluster}],
            "users": [{"name": "me", "user": user if user is not None else self.user}],
            **more,
        }
        path = self.folder / "config"
        path.write_text(json.dumps(document))
        return str(path)


@asynccontextmanager
async def secure_cluster(folder: Path) -> AsyncIterator[SecureCluster]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "cluster.example").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    options = KubernetesOptions(tls=context, token=CANARY)
    wire = KubernetesWire(SimClock(), 1, options)
    await wire.start()
    made = SecureCluster(wire, authority, folder)

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whatever host is asked for, it is the cluster."""
        made.proxied.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await _joined(reader, writer, made.port)

    async def socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 1928 and 1929, for a host by its name: whatever it is, it is the cluster."""
        methods = await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x02" if 2 in methods else b"\x05\x00")
        who = [await _counted(reader, before) for before in (1, 0)] if 2 in methods else []
        writer.write(b"\x01\x00" if who else b"")
        assert await reader.readexactly(4) == b"\x05\x01\x00\x03", "it resolved the name itself"
        host = await _counted(reader)
        await reader.readexactly(2)
        made.proxied.append(" ".join(one.decode() for one in (*who, host)))
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await _joined(reader, writer, made.port)

    try:
        async with serving(proxy) as url, serving(socks) as other:
            made.proxy, made.socks = url, other.replace("http:", "socks5:")
            yield made
    finally:
        await wire.stop()


async def _counted(reader: asyncio.StreamReader, before: int = 0) -> bytes:
    """A text behind its length, which is one byte, and so many other bytes before it."""
    return await reader.readexactly((await reader.readexactly(before + 1))[-1])


async def _joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there_reader, there = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.gather(_pipe(reader, there), _pipe(there_reader, writer))
    finally:
        there.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
