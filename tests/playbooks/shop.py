"""The simulated shop as a process of its own, and its facts as its ordinary clients see them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from console.config import Environment, load


@dataclass(frozen=True, slots=True)
class Shop:
    """``seconds``: simulated seconds since it was opened, to about a wall second."""

    config: Path
    addresses: Mapping[str, str]
    speed: float
    opened: float

    @property
    def environment(self) -> Environment:
        return load(self.config)

    @property
    def seconds(self) -> float:
        return (time.monotonic() - self.opened) * self.speed

    def facts(self) -> dict[str, Any]:
        """Everything that a playbook may set, byte for byte, with its marks."""
        return {"flags": self._flags(), "api": self._object("hpa"), "workers": self._object("deployment")}

    def _flags(self) -> dict[bytes, bytes]:
        with redis.Redis.from_url(self.addresses["redis"]) as client:
            flags: dict[bytes, bytes] = client.hgetall("seawall:flags")
            return flags

    def _object(self, kind: str) -> dict[str, Any]:
        path = {
            "hpa": "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/api",
            "deployment": "/apis/apps/v1/namespaces/shop/deployments/workers",
        }[kind]
        with urllib.request.urlopen(self.addresses["kubernetes"] + path, timeout=5) as reply:
            found = json.load(reply)
        return {"spec": found["spec"], "annotations": found["metadata"].get("annotations")}


@contextmanager
def shop(directory: Path, scenario: str, speed: float) -> Iterator[Shop]:
    """Opens the shop; it ends with the context."""
    config = directory / "seawall.toml"
    options = ["--scenario", scenario, "--seed", "1", "--speed", str(speed), "--config-out", str(config)]
    argv = [sys.executable, "-m", "connectors.simulator", *options]
    opened = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        word, *addresses = process.stdout.readline().split()
        try:
            assert word == "ready"
            config.write_text(patient(config.read_text()))
            yield Shop(config, dict(each.split("=", 1) for each in addresses), speed, opened)
        finally:
            process.terminate()
            process.wait(10)


def patient(config: str) -> str:
    """The config with long deadlines: a machine that is busy with other tests is not a target that is gone."""
    systems = "|".join(("prometheus", "kafka", "redis", "kubernetes"))
    return re.sub(rf"^\[environments\.demo\.({systems})\]$", r"\g<0>\ntimeout = 10.0", config, flags=re.MULTILINE)


def until(condition: Callable[[], object], within: float = 20.0) -> None:
    """Polls until it is so; the test fails when it is not in time (wall seconds)."""
    ends = time.monotonic() + within
    while not condition():
        assert time.monotonic() < ends, "not in time"
        time.sleep(0.05)
