"""A cluster with the shop in a namespace of it: the simulated one, or a real one where there is one."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.kubernetes import KubernetesConnector, open_connector
from connectors.settings.kubernetes import Settings
from connectors.simulator.clock import SimClock
from connectors.simulator.kubernetes import KubernetesWire
from connectors.simulator.kubernetes.options import KubernetesOptions
from console.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Shop:
    """``wire`` None: a real one."""

    kubeconfig: str
    namespace: str
    wire: KubernetesWire | None

    def id(self, kind: str, name: str) -> str:
        return f"kubernetes/{kind}/{self.namespace}/{name}"


def opened(path: str, namespace: str = "shop", timeout: float = 2.0, name: str = "kubernetes") -> KubernetesConnector:
    settings = Settings(kubeconfig=path, namespaces=(namespace,), timeout=timeout)
    connector = open_connector(name, settings, SystemClock())
    assert isinstance(connector, KubernetesConnector)
    return connector


def log_in_again(wire: KubernetesWire, path: Path) -> None:
    path.write_text(wire.kubeconfig())


@asynccontextmanager
async def simulated(folder: Path, seed: int = 1, options: KubernetesOptions | None = None) -> AsyncIterator[Shop]:
    wire = KubernetesWire(SimClock(), seed, options)
    await wire.start()
    path = folder / f"kubeconfig-{seed}"
    log_in_again(wire, path)
    try:
        yield Shop(str(path), "shop", wire)
    finally:
        await wire.stop()


async def kubectl(command: list[str], kubeconfig: str | None, folder: Path) -> tuple[int, str]:
    """What the command prints, errors too, and how it ended. ``kubeconfig`` None: the command names its own. The test
    is left out where kubectl is not there."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on this machine")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "KUBECACHEDIR": str(folder / "cache")}
    environment |= {"KUBECONFIG": kubeconfig} if kubeconfig else {}
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(30.0):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode or 0, printed.decode()
