"""node_exporter (https://github.com/prometheus/node_exporter) on the database's machine and on the cluster's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from connectors.simulator.exporters.cluster import REQUESTS, Cluster, Node
from connectors.simulator.exporters.database import Server
from connectors.simulator.exporters.ledger import Ledger
from connectors.simulator.exporters.target import Labels, Target, labelled
from connectors.simulator.tick import Sample, Tick

DATABASE_CORES = 4
DATABASE_MEMORY = 16 * 2**30  # bytes
CONNECTION_MEMORY = 10 * 2**20
DISK = 200 * 2**30
UPTIME = 3 * 86_400.0  # seconds at the opening
QUERY_BYTES = 1200.0


@dataclass(frozen=True, slots=True)
class Machine:
    """What one of them shows. ``busy`` and ``idle`` are CPU seconds of each core since it was started."""

    name: str
    cores: int
    memory: int
    available: float
    load: float
    modes: Mapping[str, float]
    read: float = 0.0  # bytes from the disk
    written: float = 0.0
    received: float = 0.0  # bytes from the network


def database_machine(server: Server, tick: Tick) -> Machine:
    """The one whose load tells something that no other series does."""
    queries = tick.counters[f"{server.own}.queries"]
    return Machine(
        name=server.machine,
        cores=DATABASE_CORES,
        memory=DATABASE_MEMORY,
        available=DATABASE_MEMORY * 0.6 - tick.gauges[f"{server.own}.connections"] * CONNECTION_MEMORY,
        load=tick.gauges[f"{server.own}.busy"] / 10,
        modes={"idle": tick.counters[f"{server.own}.idle"], "user": tick.counters[f"{server.own}.user"]},
        read=queries * 0.1 * 8192,
        written=queries * QUERY_BYTES,
        received=queries * 300,
    )


def cluster_machine(node: Node, tick: Tick, cluster: Cluster, ledger: Ledger) -> Machine:
    """Its pods' use of it, and a little of its own."""
    here = [pod for pod in cluster.pods if pod.node == node.name and pod.ready]
    requests = {name: found.get((REQUESTS, "cpu"), 0.0) for name, found in cluster.resources.items()}
    used = 0.4 + sum(tick.usage_of(pod.workload).cpu * requests.get(pod.workload, 0.0) for pod in here)
    share = min(used / node.cores, 1.0)
    modes = {
        mode: ledger.add(("node", node.name, mode), ledger.elapsed * part)
        for mode, part in (("idle", 1 - share), ("system", share * 0.2), ("user", share * 0.8))
    }
    memory = sum(tick.usage_of(pod.workload).memory for pod in here)
    received = ledger.add(("node", node.name, "received"), ledger.elapsed * used * 2e6)
    return Machine(node.name, node.cores, node.memory, node.memory * 0.9 - memory, used, modes, received=received)


def machine_samples(target: Target, machine: Machine, cluster: Cluster) -> Iterator[Sample]:
    for mode, seconds in machine.modes.items():
        for labels in cores_of(target, machine.cores, mode):
            yield Sample("node_cpu_seconds_total", labels, seconds, "counter")
    for minutes in ("1", "5", "15"):
        yield target.gauge(f"node_load{minutes}", machine.load)
    about = {"machine": "x86_64", "nodename": machine.name, "release": "6.1.0-simulated", "sysname": "Linux"}
    yield target.gauge("node_uname_info", 1, **about)
    yield target.gauge("node_time_seconds", cluster.now)
    yield target.gauge("node_boot_time_seconds", cluster.opened - UPTIME)
    yield from memory(target, machine)
    yield from disk(target, machine)
    yield target.counter("node_network_receive_bytes_total", machine.received, device="eth0")
    yield target.counter("node_network_transmit_bytes_total", machine.received * 4, device="eth0")
    yield target.gauge("node_network_up", 1, device="eth0")


@lru_cache(maxsize=1024)
def cores_of(target: Target, count: int, mode: str) -> tuple[Labels, ...]:
    """The labels of each core in one mode; there are too many to make them anew each time."""
    return tuple(labelled(target, cpu=str(core), mode=mode) for core in range(count))


def memory(target: Target, machine: Machine) -> Iterator[Sample]:
    yield target.gauge("node_memory_MemTotal_bytes", machine.memory)
    yield target.gauge("node_memory_MemAvailable_bytes", machine.available)
    yield target.gauge("node_memory_MemFree_bytes", machine.available / 2)
    yield target.gauge("node_memory_Buffers_bytes", machine.available / 16)
    yield target.gauge("node_memory_Cached_bytes", machine.available * 7 / 16)
    for what in ("Total", "Free"):
        yield target.gauge(f"node_memory_Swap{what}_bytes", 0)


def disk(target: Target, machine: Machine) -> Iterator[Sample]:
    root = {"device": "/dev/sda1", "fstype": "ext4", "mountpoint": "/"}
    yield target.gauge("node_filesystem_size_bytes", DISK, **root)
    yield target.gauge("node_filesystem_avail_bytes", DISK * 0.55, **root)
    yield target.gauge("node_filesystem_free_bytes", DISK * 0.6, **root)
    yield target.gauge("node_filesystem_readonly", 0, **root)
    yield target.gauge("node_filesystem_files", 13_107_200, **root)
    yield target.gauge("node_filesystem_files_free", 12_500_000, **root)
    yield target.counter("node_disk_read_bytes_total", machine.read, device="sda")
    yield target.counter("node_disk_written_bytes_total", machine.written, device="sda")
    yield target.counter("node_disk_io_time_seconds_total", (machine.read + machine.written) / 4e8, device="sda")
