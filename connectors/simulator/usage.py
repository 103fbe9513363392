"""What the pods of each workload use: what an autoscaler, ``kubectl top`` and the kubelet see."""

from __future__ import annotations

from dataclasses import replace

from connectors.simulator import api
from connectors.simulator.flows import Second
from connectors.simulator.now import Now
from connectors.simulator.state import State
from connectors.simulator.tick import Usage

MESSAGE_CPU = 0.45  # share of its request that a worker uses at its budget, beside what it uses when it is idle
QUERY_CPU = 0.9  # the same of a replica with its best number of connections


def usage(state: State, second: Second, now: Now) -> dict[str, Usage]:
    """By workload; of one without ready pods too."""
    return {workload.name: _used(workload.name, state, second, now) for workload in now.plant.workloads}


def cores(name: str, used: Usage, now: Now) -> float:
    """That all ready pods of a workload use together."""
    return used.cpu * now.plant.workload(name).cpu * now.ready(name)


def gateway_cpu(second: Second, now: Now) -> float:
    """Share of their CPU request that ready gateway pods use."""
    gateway = now.plant.gateway
    return _spread(second.offered * gateway.cpu, gateway.workload, now)


def _used(name: str, state: State, second: Second, now: Now) -> Usage:
    plant, workload = now.plant, now.plant.workload(name)
    for index, front in enumerate(plant.fronts):
        if front.workload == name:
            return _front(index, state, second, now)
    memory = float(workload.uses * api.MIB)
    if name == plant.gateway.workload:
        return Usage(gateway_cpu(second, now), memory)
    return Usage((workload.idle + _work(name, state, second, now)) if now.ready(name) else 0.0, memory)


def _front(index: int, state: State, second: Second, now: Now) -> Usage:
    front, passage = now.plant.fronts[index], second.passages[index]
    workload, pods = now.plant.workload(front.workload), now.levers.pods_of(front.workload)
    held = state.fronts[index].in_flight
    memory = api.memory_of(front, workload, held, pods)
    return Usage(
        cpu=_spread(passage.served.cpu, front.workload, now),
        memory=memory,
        leaked=memory - api.memory_of(front, workload, held, replace(pods, leaked=0.0)),
        growth=passage.growth,
    )


def _work(name: str, state: State, second: Second, now: Now) -> float:
    """Share of the CPU request that each ready pod of a worker, a service or a replica uses for its work."""
    plant, share = now.plant, 0.0
    for topic, flow in zip(plant.consumed, second.flows, strict=True):
        if topic.workload == name:
            share += MESSAGE_CPU * flow.consumed / topic.budget / now.ready(name)
    for service, answer in zip(plant.services, second.behind.answers, strict=True):
        if service.workload == name:
            served = answer.calls * (1 - answer.failed)
            share += _spread(served * service.cpu, name, now)
    if name == plant.database.replicas and state.replicas.useful:
        busy = sum(shard.replica.in_flight for shard in second.behind.shards if shard.replica)
        share += QUERY_CPU * busy / len(second.behind.shards) / plant.database.best
    return share


def _spread(spent: float, name: str, now: Now) -> float:
    """CPU seconds as a share of what the ready pods request."""
    ready = now.ready(name)
    return spent / (ready * now.plant.workload(name).cpu) if ready else 0.0
