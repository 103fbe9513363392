"""Levers of Kubernetes: the bounds of an autoscaler, and replicas where no autoscaler owns them."""

from __future__ import annotations

from dataclasses import dataclass

from console.model.change import Change
from console.model.component import ComponentId, name_of
from console.model.layout import Layout
from console.model.topology import Topology
from playbooks import arithmetic
from playbooks.actions.action import Row, Take, change, current
from playbooks.exits import Exit, Refused
from playbooks.values import Want


@dataclass(frozen=True, slots=True)
class Hpa:
    """Bounds, target and scale-down of a HorizontalPodAutoscaler; what is not given stays as it is.

    Written one fact at a time, so the order keeps min ≤ max at every moment: a higher max goes first, a lower
    one last. Undo, last in first out, keeps it too. Raising min adds pods at once; lowering max would take the
    surplus away at once, which the plan says.
    """

    min: int | None = None
    max: int | None = None
    cpu: float | None = None  # share of the CPU request; the fact is in percent
    scale_down: str | None = None  # "disabled" or "default"

    def facts(self, layout: Layout) -> tuple[str, ...]:
        wanted = {"hpa.max": self.max, "hpa.min": self.min, "hpa.cpu": self.cpu, "hpa.scale_down": self.scale_down}
        return tuple(name for name, value in wanted.items() if value is not None)

    def plan(self, topology: Topology, target: ComponentId) -> tuple[Change, ...]:
        low, high = _count(topology, target, "hpa.min"), _count(topology, target, "hpa.max")
        least, most = _or(self.min, low), _or(self.max, high)
        if least > most:
            raise Refused(Exit.REQUIREMENT, f"{target}: min {least} would be above max {most}")
        bounds = [("hpa.max", most), ("hpa.min", least)]
        if most < high:
            bounds.reverse()
        found = [each for name, value in bounds for each in change(topology, target, name, value)]
        if self.cpu is not None:
            found.extend(change(topology, target, "hpa.cpu", round(self.cpu * 100)))
        if self.scale_down is not None:
            found.extend(change(topology, target, "hpa.scale_down", self.scale_down))
        return tuple(found)

    def warnings(self, topology: Topology, target: ComponentId) -> tuple[str, ...]:
        low, high = _count(topology, target, "hpa.min"), _count(topology, target, "hpa.max")
        least, most = _or(self.min, low), _or(self.max, high)
        lines: list[str | None] = [
            _lowers(target, "hpa.min", low, least),
            _lowers(target, "hpa.max", high, most),
        ]
        pods = _pods(topology, target)
        if pods is not None and most > high:
            lines += [arithmetic.scale_up(name_of(target), pods, least, most)]
            lines += [arithmetic.shortfall(name_of(target), low, most)]
            lines += [arithmetic.connections(topology, pods, most)]
        return tuple(line for line in lines if line)


@dataclass(frozen=True, slots=True)
class Scale:
    """Replicas of a Deployment that nobody else sets. ``group``: the consumer group that its pods are members of."""

    replicas: int
    group: str = ""

    def facts(self, layout: Layout) -> tuple[str, ...]:
        return ("replicas",)

    def plan(self, topology: Topology, target: ComponentId) -> tuple[Change, ...]:
        _count(topology, target, "replicas")
        fact = topology.fact(target, "replicas")
        if fact is not None and fact.owner:
            raise Refused(Exit.REQUIREMENT, f"{target}: replicas are set by {fact.owner}; change its bounds instead")
        return change(topology, target, "replicas", self.replicas)

    def warnings(self, topology: Topology, target: ComponentId) -> tuple[str, ...]:
        lines: list[str | None] = [_lowers(target, "replicas", _count(topology, target, "replicas"), self.replicas)]
        if self.group:
            lines.append(arithmetic.idle_workers(topology, self.group, self.replicas))
        return tuple(line for line in lines if line)


def _count(topology: Topology, target: ComponentId, name: str) -> int:
    value = current(topology, target, name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(Exit.REQUIREMENT, f"{target}: {name} is not known")
    return value


def _or(wanted: int | None, now: int) -> int:
    return now if wanted is None else wanted


def _lowers(target: ComponentId, name: str, before: int, after: int) -> str | None:
    if after >= before:
        return None
    return f"{name_of(target)}: this takes capacity away: {name} {before} → {after}, surplus pods go at once"


def _pods(topology: Topology, target: ComponentId) -> int | None:
    signals = {signal.name: signal.value for signal in topology.observed[target].signals}
    value = signals.get("hpa.current")
    return None if value is None else int(value)


HPA = Row(
    target="kubernetes/hpa",
    takes={
        "min": Take(Want.INT),
        "max": Take(Want.INT),
        "cpu": Take(Want.PERCENT),
        "scale_down": Take(Want.WORD, choices=("disabled", "default")),
    },
    make=Hpa,
    ends="whoever undoes the run",
    fits=lambda keys: "" if keys else "one of min, max, cpu, scale_down is needed",
)

SCALE = Row(
    target="kubernetes/deployment",
    takes={"replicas": Take(Want.INT, needed=True), "group": Take(Want.COMPONENT)},
    make=Scale,
    ends="whoever undoes the run",
)
