"""cAdvisor over two pods' control groups (version 1), one of which works against its CPU limit.

The pods' requests and limits are those of an API server, by kube-state-metrics, as a preset wants them beside.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.real.exporters import Recording, fetched, running, scrape, told, wait_for
from tests.real.kubernetes_server import SOURCES, start_kubernetes
from tests.real.prometheus import end, free_port, program

GROUPS = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuacct", "memory")
BUDGET = {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
PERIOD, QUOTA = 100_000, 20_000  # microseconds: a limit of 200m
LIMIT = 64 * 2**20
WORK = {"api-1": "held = bytearray(2**24)\nwhile True: pass", "api-2": "held = bytearray(2**23)\ninput()"}
MINUTE = 60.0


@contextmanager
def pod(name: str) -> Iterator[None]:
    """A process in the groups of its container, with the limits that a kubelet sets."""
    groups = [GROUPS / controller / "shop" / name / "api" for controller in CONTROLLERS]
    for group in groups:
        group.mkdir(parents=True)
    (groups[0] / "cpu.cfs_period_us").write_text(str(PERIOD))
    (groups[0] / "cpu.cfs_quota_us").write_text(str(QUOTA))
    (groups[2] / "memory.limit_in_bytes").write_text(str(LIMIT))
    process = subprocess.Popen([sys.executable, "-c", WORK[name]], stdin=subprocess.PIPE)
    try:
        for group in groups:
            (group / "cgroup.procs").write_text(str(process.pid))
        yield
    finally:
        end(process)
        for group in groups:
            group.rmdir()
            group.parent.rmdir()


def cadvisor(folder: Path) -> Recording:
    binary = folder / "cadvisor"
    subprocess.run(["go", "build", "-buildvcs=false", "-o", str(binary), "./cadvisor"], check=True, cwd=SOURCES)
    own = f"127.0.0.1:{free_port()}"
    with ExitStack() as ending:
        for controller in CONTROLLERS:
            ending.callback((GROUPS / controller / "shop").rmdir)
        for name in WORK:
            ending.enter_context(pod(name))
        ending.enter_context(running([str(binary), own], folder))
        budgets = ending.enter_context(known_pods(folder))
        wait_for(lambda: "x" if 'pod="api-2"' in fetched(f"http://{own}/metrics") else "", "the containers")
        first = scrape(f"http://{own}/metrics")
        time.sleep(MINUTE)  # a share of CPU is only one over the time that it was taken in
        second = scrape(f"http://{own}/metrics")
    what = "cAdvisor 0.52.1 with the kubelet's labels, kube-state-metrics 2.13.0; a pod at its limit and an idle one"
    beside = r"container_(?:memory_rss|cpu_cfs_throttled_seconds_total)"
    parts = [_of_pods(text) + budgets for text in (first, second)]
    return Recording(what, parts[0], parts[1], beside)


def _of_pods(text: str) -> str:
    """Without the machine's other groups, and without the times that the samples have of their own."""
    lines = [line for line in text.splitlines() if line.startswith("#") or 'namespace="shop"' in line]
    return "\n".join(re.sub(r"(\} \S+) \d{13}$", r"\1", line) for line in lines) + "\n"


@contextmanager
def known_pods(folder: Path) -> Iterator[str]:
    """What kube-state-metrics says of the two pods. It is to be in the PATH."""
    with start_kubernetes(folder) as kubeconfig:
        kubectl = [program("kubectl"), "--kubeconfig", kubeconfig, "-n", "shop"]
        told(*kubectl, "create", "namespace", "shop")
        (folder / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": _pods()}))
        told(*kubectl, "apply", "-f", str(folder / "pods.json"))
        port, about = free_port(), free_port()
        exporter = [program("kube-state-metrics"), f"--kubeconfig={kubeconfig}", f"--port={port}", "--resources=pods"]
        exporter += [f"--telemetry-port={about}", "--host=127.0.0.1", "--telemetry-host=127.0.0.1"]
        with running(exporter, folder):
            metrics = f"http://127.0.0.1:{port}/metrics"
            yield wait_for(lambda: text if 'pod="api-2"' in (text := fetched(metrics)) else "", "the pods")


def _pods() -> list[Mapping[str, object]]:
    container = {"name": "api", "image": "shop/api:1", "resources": BUDGET}
    return [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container]}}
        for name in WORK
    ]
