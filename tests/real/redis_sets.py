"""Several real redis-servers that belong together: a primary with replicas and a Sentinel, or a cluster."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.real.redis import Papers, absent, await_answer

QUICK = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")


@dataclass(frozen=True, slots=True)
class RealSet:
    """``ports`` of the servers with data, the first primary first; ``sentinel`` is 0 where there is none."""

    ports: tuple[int, ...]
    processes: tuple[subprocess.Popen[bytes], ...]
    sentinel: int = 0


@contextmanager
def start_replicated(
    directory: Path, replicas: int, password: str = "", sentinels_own: str = "", papers: Papers | None = None
) -> Iterator[RealSet]:
    """The Sentinel takes a server for down after half a second; the passwords are the servers' and its own.

    With ``papers`` all of them talk TLS among each other, too; the ports are those that do.
    """
    ports = [_quiet_port() for _ in range(1 + replicas)]
    sentinel = _quiet_port()
    sealing = {**papers.options(), "tls-replication": "yes"} if papers else {}
    follow = ["--replicaof", "127.0.0.1", str(ports[0])]
    let_in = ["--requirepass", password, "--masterauth", password] if password else []
    secrets = f"sentinel auth-pass mymaster {password}\n" if password else ""
    secrets += f"requirepass {sentinels_own}\n" if sentinels_own else ""
    config = directory / "sentinel.conf"
    plain = _quiet_port() if papers else sentinel
    secrets += "".join(f"{name} {value}\n" for name, value in sealing.items())
    secrets += f"tls-port {sentinel}\n" if papers else ""
    config.write_text(
        f"port {plain}\nbind 127.0.0.1\ndir {directory}\n"
        f"sentinel monitor mymaster 127.0.0.1 {ports[0]} 1\n"
        "sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 3000\n" + secrets
    )
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                _server(directory, port, sealing, *QUICK, *let_in, *(follow if port != ports[0] else []))
            )
            for port in ports
        ]
        stack.enter_context(_running([_binary("redis-server"), str(config), "--sentinel"], plain))
        yield RealSet(tuple(ports), tuple(processes), sentinel)


@contextmanager
def start_cluster(directory: Path, papers: Papers | None = None) -> Iterator[RealSet]:
    """Three primaries that have all slots among them. With ``papers`` they talk TLS, at the ports that are told."""
    sealing = {**papers.options(), "tls-cluster": "yes"} if papers else {}
    ports = [_quiet_port() for _ in range(3)]
    with ExitStack() as stack:
        processes = []
        for port in ports:
            bus = ["--cluster-port", str(_quiet_port()), "--cluster-config-file", f"nodes-{port}.conf"]
            options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", *bus]
            processes.append(stack.enter_context(_server(directory, port, sealing, *options)))
        create = [
            _binary("redis-cli"),
            "--cluster",
            "create",
            *(f"127.0.0.1:{port}" for port in ports),
            "--cluster-yes",
        ]
        if papers:
            create += ["--tls", "--cacert", papers.ca, "--cert", papers.client[0], "--key", papers.client[1]]
        subprocess.run(create, check=True, stdout=subprocess.DEVNULL, timeout=60)
        yield RealSet(tuple(ports), tuple(processes))


@contextmanager
def _server(directory: Path, port: int, sealing: Mapping[str, str], *options: str) -> Iterator[subprocess.Popen[bytes]]:
    plain = _quiet_port() if sealing else port
    command = [_binary("redis-server"), "--port", str(plain), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    command += ["--dir", str(directory), "--dbfilename", f"dump-{port}.rdb", *options]
    for name, value in sealing.items():
        command += [f"--{name}", value]
    command += ["--tls-port", str(port)] if sealing else []
    with _running(command, plain) as process:
        yield process


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    try:
        await_answer(process, port)
        yield process
    finally:
        process.kill()
        process.wait()


def _quiet_port() -> int:
    """A free one below those that the system hands out, so that nobody gets it between two servers' starts."""
    for port in random.sample(range(20000, 30000), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free")


def _binary(name: str) -> str:
    found = shutil.which(name)
    return found if found is not None else absent(f"{name} is not installed")
