"""How much of what it has each layer uses, 0..1: where a crisis is, before anything fails for it."""

from __future__ import annotations

from connectors.simulator.api import MIB
from connectors.simulator.cache import memory_max
from connectors.simulator.flows import Second
from connectors.simulator.now import Now
from connectors.simulator.state import State


def saturation(state: State, second: Second, now: Now) -> dict[str, float]:
    """The gauges ``saturation.<layer>``."""
    layers = {
        "cdn": _cdn(second),
        "gateway": _used(second.offered, now.strength(now.plant.gateway.workload) * now.plant.gateway.capacity),
        "api": max(_used(each.served.served + each.served.overflow, each.capacity) for each in second.passages),
        "queue": _queue(state, second, now),
        "workers": _workers(second, now),
        "cache": _cache(state, now),
        "database": max(_used(each.primary.in_flight, each.pool) for each in second.behind.shards),
        "services": max((answer.busy for answer in second.behind.answers), default=0.0),
        "third_parties": _third_parties(second),
    }
    return {f"saturation.{layer}": min(value, 1.0) for layer, value in layers.items()}


def _used(wanted: float, there: float) -> float:
    """Share of what is there; all of it where there is nothing and something is wanted."""
    return wanted / there if there > 0 else float(wanted > 0)


def _cdn(second: Second) -> float:
    """Share of what it could keep that waits for the origin instead."""
    arrivals = second.arrivals
    return _used(arrivals.waiting, arrivals.waiting + arrivals.hits)


def _queue(state: State, second: Second, now: Now) -> float:
    """What is written against what the group's members can read; full where it lags by a minute of that."""
    shares = [0.0]
    for topic, group, flow in zip(now.plant.consumed, state.topics, second.flows, strict=True):
        able = group.members * topic.budget
        shares.append(_used(flow.produced + group.lag / 60, able))
    return max(shares)


def _workers(second: Second, now: Now) -> float:
    """Share of their budgets that the members of all groups use."""
    busy: dict[str, float] = {}
    for topic, flow in zip(now.plant.consumed, second.flows, strict=True):
        busy[topic.workload] = busy.get(topic.workload, 0.0) + flow.consumed / topic.budget
    return max((_used(work, now.ready(workload)) for workload, work in busy.items()), default=0.0)


def _cache(state: State, now: Now) -> float:
    """Share of its memory; all of it where it is down."""
    if now.cache_ok <= 0:
        return 1.0
    keys = sum(store.keys for store in state.stores) * now.plant.cache.key_bytes
    return _used(keys + now.plant.cache.empty * MIB, memory_max(now))


def _third_parties(second: Second) -> float:
    """Calls against the limit."""
    calls = zip(second.calls, second.behind.terms, strict=True)
    return max((_used(made.answered + made.wrong, terms.limit) for made, terms in calls), default=0.0)
