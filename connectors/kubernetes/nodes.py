"""Nodes as components, and all of them as one: ready, under pressure, cordoned, and how full. Pure.

Where metrics.k8s.io is served, use is of what pods can be given (allocatable), as ``kubectl top nodes`` counts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from connectors.kubernetes.objects import Amounts, Condition, Metadata, Read
from connectors.kubernetes.quantities import of
from connectors.kubernetes.read import Reading, held
from console.model.component import ComponentId
from console.model.signal import Signal, Unit
from console.model.snapshot import Observed

PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
EACH = 500  # nodes that are components of their own: of more, those in trouble come first


class NodeSpec(Read, frozen=True):
    unschedulable: bool = False


class NodeStatus(Read, frozen=True):
    """Its images, which are most of a node's bytes, are skipped."""

    allocatable: Amounts | None = None
    capacity: Amounts | None = None
    conditions: tuple[Condition, ...] | None = None


class Node(Read, frozen=True):
    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()

    @property
    def ready(self) -> bool:
        """False also where its kubelet has fallen silent, which the API calls Unknown."""
        condition = held(self.status.conditions, "Ready")
        return condition is not None and condition.status == "True"

    @property
    def state(self) -> str:
        """As kubectl prints it: ``Unknown`` is one that has never reported."""
        if held(self.status.conditions, "Ready") is None:
            return "Unknown"
        return "Ready" if self.ready else "NotReady"

    @property
    def silent(self) -> bool:
        """Its kubelet has stopped reporting."""
        condition = held(self.status.conditions, "Ready")
        return condition is not None and condition.status == "Unknown"

    @property
    def troubles(self) -> tuple[str, ...]:
        silent = ("silent",) if self.silent else ()
        return (*silent, *self.pressures, *(("cordoned",) if self.spec.unschedulable else ()))

    @property
    def pressures(self) -> tuple[str, ...]:
        conditions = self.status.conditions or ()
        return tuple(one.type for one in conditions if one.type in PRESSURES and one.status == "True")

    @property
    def troubled(self) -> bool:
        return not self.ready or bool(self.pressures) or self.spec.unschedulable


class NodeUse(Read, frozen=True):
    """A NodeMetrics of metrics.k8s.io."""

    metadata: Metadata
    usage: Amounts | None = None


for _shape in (Node, NodeUse):
    msgspec.json.Decoder(_shape)  # learnt while this module is imported: see objects.py


@dataclass(frozen=True, slots=True)
class Used:
    """Cores and bytes; None where they are not known."""

    cores: float | None
    memory: float | None


def node_id(source: str, name: str) -> ComponentId:
    return f"{source}/node/{name}"


def used_by(uses: Iterable[NodeUse]) -> Mapping[str, Used]:
    """By the node's name."""
    return {one.metadata.name: Used(of(one.usage, "cpu"), of(one.usage, "memory")) for one in uses}


def observed_nodes(nodes: Sequence[Node], uses: Mapping[str, Used], reading: Reading) -> Iterator[Observed]:
    """All of them as one component, and each; none where there are none to be seen."""
    if not nodes:
        return
    yield _together(nodes, uses, reading)
    chosen = nodes if len(nodes) <= EACH else sorted(nodes, key=lambda node: (not node.troubled, node.metadata.name))
    for node in chosen[:EACH]:
        yield _observed(node, uses.get(node.metadata.name), reading)


def _together(nodes: Sequence[Node], uses: Mapping[str, Used], reading: Reading) -> Observed:
    bad = [node for node in nodes if not node.ready]
    pressed = [node for node in nodes if node.pressures]
    cordoned = [node for node in nodes if node.spec.unschedulable]
    known = [(node, uses[node.metadata.name]) for node in nodes if node.metadata.name in uses]
    return Observed(
        f"{reading.source}/nodes",
        (
            reading.count("nodes", len(nodes)),
            reading.count("nodes_not_ready", len(bad), _named(bad)),
            reading.count("nodes_pressured", len(pressed), _named(pressed)),
            reading.count("nodes_cordoned", len(cordoned), _named(cordoned)),
            *_shares([(node.status.allocatable, used) for node, used in known], reading),
        ),
        state="Ready" if not bad else "NotReady",
        notes=tuple(_troubles(bad, pressed, cordoned)),
    )


def _observed(node: Node, used: Used | None, reading: Reading) -> Observed:
    unknown = node.state == "Unknown"
    return Observed(
        node_id(reading.source, node.metadata.name),
        (
            reading.count("up", None if unknown else int(node.ready), "it has never reported" if unknown else ""),
            *_shares([(node.status.allocatable, used)] if used else [], reading),
        ),
        state=node.state,
        notes=node.troubles,
    )


def _shares(known: Sequence[tuple[Amounts | None, Used]], reading: Reading) -> Iterator[Signal]:
    """CPU and memory used of what is allocatable, over all nodes whose use is known."""
    cores = [(used.cores, of(most, "cpu")) for most, used in known]
    memory = [(used.memory, of(most, "memory")) for most, used in known]
    for name, pairs in (("cpu", cores), ("memory_ratio", memory)):
        whole = [(used, most) for used, most in pairs if used is not None and most]
        total = sum(most for _, most in whole)
        value = sum(used for used, _ in whole) / total if total else None
        yield reading.signal(name, value, Unit.RATIO, "" if value is not None else "no metrics of nodes")


def _named(nodes: Sequence[Node]) -> str:
    names = [node.metadata.name for node in nodes]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _troubles(bad: Sequence[Node], pressed: Sequence[Node], cordoned: Sequence[Node]) -> Iterator[str]:
    for nodes, word in ((bad, "not ready"), (pressed, "under pressure"), (cordoned, "cordoned")):
        if nodes:
            yield f"{word}: {_named(nodes)}"
