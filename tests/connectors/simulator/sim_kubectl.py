"""kubectl, every version that is on the machine, pointed at a simulated cluster."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.connectors.simulator.sim_cluster import Cluster

DEADLINE = 30.0  # wall seconds for one command on a busy machine


def _versions() -> list[Path]:
    """The versioned neighbours of the kubectl on the path, from 1.29 on; itself where it has none."""
    found = shutil.which("kubectl")
    if found is None:
        return []
    neighbours = sorted(Path(found).resolve().parent.glob("kubectl.1.*"))
    return [path for path in neighbours if int(path.name.rsplit(".", 1)[1]) >= 29] or [Path(found)]


CLIENTS = _versions()
FOUND = pytest.mark.skipif(not CLIENTS, reason="left out: kubectl is not on this machine")
VERSIONS = pytest.mark.parametrize("binary", CLIENTS, ids=lambda path: path.name)
ENDS = pytest.mark.parametrize("binary", dict.fromkeys(CLIENTS[:1] + CLIENTS[-1:]), ids=lambda path: path.name)


@dataclass(frozen=True, slots=True)
class Command:
    """One binary. Its configuration and caches live in the test's folder."""

    folder: Path
    binary: Path

    def point(self, cluster: Cluster) -> None:
        """Takes the cluster's kubeconfig: the cluster must be listening."""
        (self.folder / "kubeconfig").write_text(cluster.wire.kubeconfig())

    async def start(self, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
        """The process, its errors in its output, in the test's folder."""
        surroundings = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "KUBECACHEDIR": str(self.folder / "cache"),
            **environment,
        }
        return await asyncio.create_subprocess_exec(
            self.binary,
            *arguments,
            env=surroundings,
            cwd=self.folder,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def __call__(
        self, *arguments: str, code: int = 0, meanwhile: Callable[[], None] = lambda: None, **environment: str
    ) -> str:
        """What it printed; asserts how it ended. ``meanwhile`` is called over and over until then."""
        process = await self.start(*arguments, **environment)
        try:
            async with asyncio.timeout(DEADLINE):
                printing = asyncio.create_task(process.communicate())
                while not (await asyncio.wait((printing,), timeout=0.02))[0]:
                    meanwhile()
        finally:
            await ended(process)
        text = printing.result()[0].decode()
        assert process.returncode == code, text
        return text


async def ended(process: asyncio.subprocess.Process) -> None:
    """Ends it where it has not ended by itself."""
    if process.returncode is None:
        process.kill()
        await process.wait()


def client(cluster: Cluster, folder: Path, binary: Path) -> Command:
    """That kubectl, pointed at the cluster, with a folder of its own."""
    folder.mkdir(exist_ok=True)
    kubectl = Command(folder, binary)
    kubectl.point(cluster)
    return kubectl
