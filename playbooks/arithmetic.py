"""What the numbers say before anybody acts: how fast capacity comes, what it asks of the layers below.

Estimates from what is read now and from documented policies; each line says what it took for granted.
"""

from __future__ import annotations

import math

from console.model.topology import Topology
from console.model.units import show_bytes, show_duration, show_ratio

PERIOD = 15.0  # seconds between two decisions of an HPA
HIGH = 0.8  # share of a limit above which a plan warns
CROWD = 100.0  # times the ordinary traffic: what a link that goes viral brings
RISE = 600.0  # estate seconds within which it does


def scale_up_seconds(start: int, goal: int) -> float:
    """Estate seconds for an HPA to go from ``start`` to ``goal`` pods at Kubernetes' default policy.

    The larger of +100 % and +4 pods every 15 s (kubernetes.io, Horizontal Pod Autoscaling, "default behavior");
    without the time that pods take to start.
    """
    seconds, pods = 0.0, max(start, 1)
    while pods < goal:
        pods = max(pods * 2, pods + 4)
        seconds += PERIOD
    return seconds


def scale_up(name: str, pods: int, least: int, most: int) -> str:
    """``api: 5 → 20 pods at once, 100 after another 45s of HPA decisions, plus the start-up of each pod``"""
    start = max(pods, least)
    at_once = f"{pods} → {start} pods at once, " if start > pods else ""
    rest = show_duration(scale_up_seconds(start, most))
    return f"{name}: {at_once}{most} at the earliest after {rest} of HPA decisions, plus the start-up of each pod"


def shortfall(name: str, least: int, most: int) -> str | None:
    """What must be shed of a hundred times the traffic, and when capacity is passed on the way there.

    Takes ``least``, the autoscaler's floor, for what the ordinary traffic needs, capacity as proportional to pods,
    and the rise as exponential, x(t) = 100^(t / 600 s). None when ``most`` pods carry it all.
    """
    gain = most / max(least, 1)
    if gain >= CROWD:
        return None
    passed = show_duration(round(RISE * math.log(max(gain, 1.0)) / math.log(CROWD)))
    shed = show_ratio(1 - gain / CROWD)
    return (
        f"{name}: {most} pods carry {gain:g}× what the floor of {least} does: of {CROWD:g}× the traffic "
        f"{shed} must be shed or cached; if it comes within {show_duration(RISE)}, after {passed}"
    )


def connections(topology: Topology, pods_now: int, pods_then: int) -> str | None:
    """A warning when ``pods_then`` pods, each with the share of connections that a pod has now, near the limit.

    An upper estimate: connections of other clients are counted as if they grew too. None when it fits, or when
    the database's numbers are not known.
    """
    now, limit = (topology.reading(f"database.{name}") for name in ("connections", "connections_max"))
    if now is None or limit is None or now.value is None or not limit.value or pods_now <= 0:
        return None
    each = now.value / pods_now
    wanted = each * pods_then
    if wanted < limit.value * HIGH:
        return None
    return (
        f"database: {pods_then} pods × {each:.1f} connections each (as now) = {wanted:.0f}, "
        f"{show_ratio(wanted / limit.value)} of its limit of {limit.value:.0f}"
    )


def memory(topology: Topology, target: str, before: float, after: float) -> str | None:
    """A longer TTL keeps up to after ÷ before times the memory of its keys; None when it gets no longer."""
    if before <= 0 or after <= before:
        return None
    seen = topology.observed.get(target)
    signals = {signal.name: signal.value for signal in seen.signals} if seen else {}
    used, most = signals.get("memory"), signals.get("memory_max")
    room = f"; {show_bytes(used)} used" if used is not None else ""
    room += f" of {show_bytes(most)}" if used is not None and most else ""
    return f"{target}: keys that live {after / before:g}× as long need up to {after / before:g}× their memory{room}"


def idle_workers(topology: Topology, group: str, replicas: int) -> str | None:
    """Members of a consumer group beyond its partitions get none; None when all have work or it is not known."""
    target = topology.layout.resolve(group, "kafka/group")
    seen = topology.observed.get(target) if target else None
    partitions = next((each.value for each in seen.signals if each.name == "partitions"), None) if seen else None
    if partitions is None or replicas <= partitions:
        return None
    return f"{group}: {replicas} workers for {partitions:.0f} partitions: {replicas - partitions:.0f} of them will idle"
