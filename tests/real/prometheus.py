"""A real Prometheus for tests: on a free loopback port, with its data in the test's own directory.

Where the program is missing the test is left out, except in CI, where every real server must be there.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

READY_WITHIN = 30.0  # wall seconds


def program(name: str) -> str:
    """The path of a program; without it the test fails in CI and is left out elsewhere."""
    path = shutil.which(name)
    if path is not None:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed, and CI needs it")
    pytest.skip(f"{name} is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start_prometheus(tmp_path: Path, targets: Sequence[str]) -> str:
    """Starts one that scrapes ``targets`` (host:port) every second and ends with the tests; returns its URL."""
    process, url = launched(tmp_path, targets)
    atexit.register(end, process)
    return url


@contextmanager
def prometheus(tmp_path: Path, targets: Sequence[str] = (), flags: Sequence[str] = ()) -> Iterator[str]:
    """The same for the length of a block. Blocks of samples already in ``tmp_path/data`` are served."""
    process, url = launched(tmp_path, targets, flags)
    try:
        yield url
    finally:
        end(process)


def launched(directory: Path, targets: Sequence[str], flags: Sequence[str] = ()) -> tuple[subprocess.Popen[bytes], str]:
    address = f"127.0.0.1:{free_port()}"
    config = directory / "prometheus.yml"
    config.write_text(configuration(targets))
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
        *flags,
    ]
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(f"http://{address}", process, directory / "prometheus.log")
    except BaseException:
        end(process)
        raise
    return process, f"http://{address}"


def configuration(targets: Sequence[str]) -> str:
    """JSON is YAML too."""
    job = {"job_name": "test", "honor_labels": True, "static_configs": [{"targets": list(targets)}]}
    return json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [job] if targets else []})


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"Prometheus did not get ready:\n{log.read_text()}")


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
