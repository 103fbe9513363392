"""A real Apache Kafka for tests: one node, KRaft, on loopback, from jars that Maven fetches once.

``python -m tests.real.kafka`` fetches the jars beforehand and says what it does; a test fetches them itself otherwise.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from tests.real.kafka_security import WAYS, ClientFiles, certify, remembered, secured

HERE = Path(__file__).parent
JARS = HERE.parents[1] / ".servers" / "kafka"
POM = HERE / "kafka_jars" / "pom.xml"
PATIENCE = 60.0  # wall seconds for a start on a busy machine
CONTROLLER = "CONTROLLER"  # the listener that the broker speaks to itself on
CLUSTER_ID = "c2Vhd2FsbC10ZXN0LWNsdQ"  # any 16 bytes, in base64
HEAP = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def missing() -> str:
    """What this machine lacks for it, or "" ."""
    lacking = [program for program in ("java", "mvn") if shutil.which(program) is None]
    return f"real Kafka needs {' and '.join(lacking)}" if lacking else ""


def leave_out(reason: str) -> NoReturn:
    """Leaves the test out where Kafka cannot run; in CI that is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def why(error: subprocess.SubprocessError) -> str:
    return f"mvn ended with {error.returncode}" if isinstance(error, subprocess.CalledProcessError) else "mvn hung"


def jars_or_leave_out(cache_dir: Path, pom: Path = POM) -> Path:
    lacking = missing()
    if lacking:
        leave_out(lacking)
    try:
        return fetch(cache_dir, pom)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        leave_out(f"Kafka's jars could not be fetched: {why(error)}")


def fetch(cache_dir: Path = JARS, pom: Path = POM) -> Path:
    """The folder with Kafka's jars, fetched once for each text of the pom. CalledProcessError where Maven fails."""
    done = cache_dir / "pom.xml"
    if done.is_file() and done.read_bytes() == pom.read_bytes():
        return cache_dir
    cache_dir.parent.mkdir(parents=True, exist_ok=True)
    fresh = cache_dir.with_name(f"{cache_dir.name}.{os.getpid()}")
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=600)
    shutil.copy(pom, fresh / "pom.xml")
    shutil.rmtree(cache_dir, ignore_errors=True)
    try:
        fresh.replace(cache_dir)
    except OSError:  # another worker was as fast
        shutil.rmtree(fresh)
    return cache_dir


@dataclass(frozen=True, slots=True)
class RealKafka:
    """A running broker. ``ways``: ``host:port`` by listener; ``ca``: whom a client has to trust for TLS.

    ``client``: what a client shows of itself where it has to. ``process``: to be stopped, or killed, and continued.
    """

    ways: Mapping[str, str]
    ca: Path
    client: ClientFiles
    process: int

    @property
    def bootstrap(self) -> str:
        return self.ways["PLAINTEXT"]


@contextmanager
def start_kafka(
    cache_dir: Path,
    data_dir: Path,
    users: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
    advertised: str = "127.0.0.1",
) -> Iterator[RealKafka]:
    """A broker that is killed when the block ends. ``users``: passwords of those who may enter by SASL, by name.

    ``more``: settings of its own beside, or in the place of, the usual ones. ``advertised``: where it says it is.
    """
    users = users or {}
    jars = str(jars_or_leave_out(cache_dir) / "*")
    ports = {name: free_port() for name in (*WAYS, CONTROLLER)}
    config, keys, ca = data_dir / "server.properties", data_dir / "server.pem", data_dir / "ca.pem"
    client = certify(keys, ca)
    settings = {**_settings(ports, data_dir / "log", advertised), **secured(users, keys, ca), **(more or {})}
    config.write_text(_text(settings), encoding="ascii")
    java = ["java", *HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", jars]
    with (data_dir / "kafka.log").open("wb") as log:
        storage = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(config), *remembered(users)]
        subprocess.run(storage, check=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=PATIENCE)
        broker = subprocess.Popen([*java, "kafka.Kafka", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            _wait(broker, ports["PLAINTEXT"], data_dir / "kafka.log")
            yield RealKafka({name: f"127.0.0.1:{ports[name]}" for name in WAYS}, ca, client, broker.pid)
        finally:
            broker.kill()
            broker.wait()


def _settings(ports: Mapping[str, int], log: Path, advertised: str) -> dict[str, object]:
    spoken = {**WAYS, CONTROLLER: "PLAINTEXT"}
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{ports[CONTROLLER]}",
        "controller.listener.names": CONTROLLER,
        "listeners": ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items()),
        "advertised.listeners": ",".join(f"{name}://{advertised}:{ports[name]}" for name in WAYS),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in spoken.items()),
        "log.dirs": log,
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 1,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "group.initial.rebalance.delay.ms": 0,
        "auto.create.topics.enable": "false",
    }


def _text(settings: Mapping[str, object]) -> str:
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _wait(broker: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it takes connections: the listener opens when the broker is ready to serve."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and broker.poll() is None:
        with closing(socket.socket()) as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"Kafka did not start: {log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """0: the jars are there, or cannot be and need not; 1: in CI they cannot be had."""
    needed = os.environ.get("CI") == "true"
    lacking = missing()
    if lacking:
        sys.stderr.write(f"left out: {lacking}\n")
        return int(needed)
    from tests.real import kafka_connect  # which needs this module

    wanted = {JARS: POM, kafka_connect.JARS: kafka_connect.POM}
    there = [_fetched(folder, pom) for folder, pom in wanted.items()]
    return 0 if all(there) else int(needed)


def _fetched(folder: Path, pom: Path) -> bool:
    sys.stderr.write(f"jars of {folder.name}, some 50 MB once, to {folder} … ")
    sys.stderr.flush()
    try:
        fetch(folder, pom)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"failed; left out: {why(error)}\n")
        return False
    sys.stderr.write("there\n")
    return True


if __name__ == "__main__":
    sys.exit(main())
