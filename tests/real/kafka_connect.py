"""A real Kafka Connect, and Kafka's own command-line tools, from jars that Maven fetches once.

One distributed worker beside a real broker: its REST API is what production has. It takes ten seconds to start.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.real.kafka import HEAP, HERE, PATIENCE, free_port, jars_or_leave_out
from tests.real.kafka import JARS as BROKERS_JARS

JARS = HERE.parents[1] / ".servers" / "kafka-connect"
POM = HERE / "kafka_connect_jars" / "pom.xml"


def jars() -> Path:
    """The folder with Connect's and the tools' jars; leaves the test out where they cannot be had."""
    return jars_or_leave_out(JARS, POM)


def described(bootstrap: str, group: str) -> list[dict[str, str]]:
    """The rows of ``kafka-consumer-groups --describe --group``, by its own column names."""
    tool = ["org.apache.kafka.tools.consumer.group.ConsumerGroupCommand", "--bootstrap-server", bootstrap]
    said = _java(*tool, "--describe", "--group", group)
    lines = [line.split() for line in said.splitlines() if line.strip()]
    head = next(number for number, line in enumerate(lines) if line[:2] == ["GROUP", "TOPIC"])
    return [dict(zip(lines[head], line, strict=False)) for line in lines[head + 1 :]]


def printed(*arguments: str) -> str:
    """What one of Kafka's tools, a Java class by its full name, prints. CalledProcessError where it fails."""
    classes = f"{jars() / '*'}:{jars_or_leave_out(BROKERS_JARS) / '*'}"  # some are the broker's own
    command = ["java", *HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", classes, *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True)
    return done.stdout.decode()


def _java(*arguments: str) -> str:
    command = ["java", *HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", str(jars() / "*"), *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True)
    return done.stdout.decode()


@contextmanager
def start_connect(bootstrap: str, data_dir: Path) -> Iterator[str]:
    """A worker that is killed when the block ends; its REST address."""
    url = f"http://127.0.0.1:{free_port()}"
    config = data_dir / "connect.properties"
    config.write_text("".join(f"{name}={value}\n" for name, value in _settings(bootstrap, url).items()))
    command = ["java", *HEAP, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", str(jars() / "*")]
    with (data_dir / "connect.log").open("wb") as log:
        worker = subprocess.Popen(
            [*command, "org.apache.kafka.connect.cli.ConnectDistributed", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _wait(worker, url, data_dir / "connect.log")
            yield url
        finally:
            worker.kill()
            worker.wait()


def _settings(bootstrap: str, url: str) -> Mapping[str, object]:
    topics = {f"{name}.storage.topic": f"connect-{name}" for name in ("config", "offset", "status")}
    return {
        "bootstrap.servers": bootstrap,
        "group.id": "connect-workers",
        "listeners": url,
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        **topics,
        **{name.replace("topic", "replication.factor"): 1 for name in topics},
        "offset.storage.partitions": 1,
        "status.storage.partitions": 1,
        "offset.flush.interval.ms": 500,
        "plugin.discovery": "only_scan",
    }


def make(url: str, name: str, config: Mapping[str, object]) -> None:
    """A connector by this name."""
    body = json.dumps({"name": name, "config": {key: str(value) for key, value in config.items()}}).encode()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        request = Request(f"{url}/connectors", body, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=PATIENCE):
                return
        except URLError as error:
            if getattr(error, "code", 0) != 409:  # the workers are still finding each other
                raise
        time.sleep(0.2)
    raise RuntimeError(f"connector {name} was not taken")


def _wait(worker: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and worker.poll() is None:
        try:
            with urlopen(f"{url}/connectors", timeout=1.0) as said:
                if said.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"Kafka Connect did not start: {log.read_text(errors='replace')[-2000:]}")
