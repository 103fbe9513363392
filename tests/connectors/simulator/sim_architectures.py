"""Any architecture without wires: its model, its pods counted rather than placed, what exporters are told of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.simulator.architecture import Architecture, Workload
from connectors.simulator.exporters import Cluster
from connectors.simulator.exporters.cluster import LIMITS, REQUESTS, Resources
from connectors.simulator.levers import levers_of
from connectors.simulator.model import Model
from connectors.simulator.played import Hand
from connectors.simulator.scenarios import SCENARIOS
from connectors.simulator.tick import Pods, Tick

MIB = 2**20
CALM = 30  # seconds before the trouble


def lived(plant: Architecture, scenario: str, seconds: int) -> Iterator[tuple[Tick, Cluster]]:
    """Some calm, then ``seconds`` of the crisis, which begins at 0 and about which nobody does anything."""
    model, hand, tick = Model(SCENARIOS["calm"], 0, architecture=plant), Hand(plant), None
    for t in range(-CALM, seconds):
        if t == 0:
            model.begin(SCENARIOS[scenario], t)
        hand.cluster.step(t, tick)
        pods = hand.cluster.pods(t)
        tick = model.step(t, levers_of(pods, hand.flags, float(t), plant.features, hand.reported))
        yield tick, cluster(plant, pods)


def cluster(plant: Architecture, pods: Mapping[str, Pods]) -> Cluster:
    """What the wires would tell of it, but for pods by their names."""
    shards = tuple(shard.name for shard in plant.database.shards)
    scaled = {each.name: each.autoscaler for each in plant.workloads if each.autoscaler}
    return Cluster(
        deployments=pods,
        hpas={name: (found.low, found.high, pods[name].ready, pods[name].desired) for name, found in scaled.items()},
        namespace=plant.namespace,
        resources={each.name: resources(each) for each in plant.workloads},
        graves=tuple(topic.name for topic in plant.topics if not topic.group),
        gateway=plant.gateway.workload,
        fronts={front.workload: front.share for front in plant.fronts},
        shards=shards if len(shards) > 1 else (),
    )


def resources(workload: Workload) -> Resources:
    return {
        (REQUESTS, "cpu"): workload.cpu,
        (REQUESTS, "memory"): workload.memory * MIB,
        (LIMITS, "cpu"): workload.cpu_limit,
        (LIMITS, "memory"): workload.memory_limit * MIB,
    }
