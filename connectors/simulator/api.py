"""The pods that answer users and the queue in front of them: equations 4 and 5, and the memory of 11.

Capacity is the smaller of what the CPUs and what the threads allow. Slow dependencies hold threads while the CPU
idles, so an autoscaler that looks at CPU does nothing: the trap that this model is there to show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from connectors.simulator.architecture import Architecture, Feature, Front, Workload
from connectors.simulator.queueing import mean_wait, share_within
from connectors.simulator.tick import Pods

MIB = 2**20
FULL = 0.8  # share of its memory from which on the collector costs more


@dataclass(frozen=True, slots=True)
class Effort:
    """What one request costs a pod before anything else is asked."""

    cpu: float  # seconds
    lookups: float  # in the cache


@dataclass(frozen=True, slots=True)
class Work:
    """What one request costs a pod and its dependencies."""

    cpu: float  # seconds
    lookups: float
    residence: float  # seconds a thread is held


@dataclass(frozen=True, slots=True)
class Served:
    """One second of a front. queue + admitted = served + overflow + the new queue."""

    served: float  # done, some of them too late
    overflow: float  # answered 503: the queue is full
    queue: float  # waiting afterwards
    late: float  # of those served: the gateway had given up
    wait: float  # seconds before a thread took the request
    cpu: float  # cores in use


def features_on(plant: Architecture, off: frozenset[str]) -> Iterable[Feature]:
    """The features that are on."""
    return (feature for name, feature in plant.features.items() if name not in off)


def effort_of(front: Front, on: Iterable[Feature], parked: float, heap: float) -> Effort:
    """CPU seconds and look-ups of a request with these features on and ``parked`` CPU seconds left to workers; the
    collector costs more in a full ``heap`` (a share)."""
    features = tuple(on)
    cpu = max(front.cpu - parked, 0.0) + sum(feature.cpu for feature in features)
    return Effort(cpu * (1 + max(heap - FULL, 0.0)), front.lookups + sum(item.lookups for item in features))


def memory_of(front: Front, workload: Workload, in_flight: float, pods: Pods) -> float:
    """Bytes a ready pod holds on average, what it leaked included, up to its limit."""
    held = in_flight / pods.ready if pods.ready > 0 else 0.0
    return min((workload.uses + held * front.request_memory) * MIB + pods.leaked, float(workload.memory_limit * MIB))


def growth_of(leak: float, served: float, pods: Pods) -> float:
    """Bytes that each ready pod's memory grows by when all of them serve ``served`` requests."""
    return leak * served / pods.ready if pods.ready > 0 else 0.0


def capacity(front: Front, cores: float, pods: float, work: Work) -> float:
    """Requests a second that CPUs (``cores`` a pod) and threads allow."""
    return min(pods * cores / work.cpu, pods * front.threads / work.residence)


def serve(front: Front, queue: float, admitted: float, pods: float, able: float, work: Work, timeout: float) -> Served:
    """One second of ``admitted`` requests behind a queue, on ``pods`` at full strength, ``able`` to do so many;
    whoever asks gives up after ``timeout`` seconds, and the work is done all the same."""
    waiting = queue + admitted
    served = min(waiting, able)
    left = min(waiting - served, pods * front.waiting)
    wait = mean_wait(admitted, able, pods) + (left / able if able > 0 else 0.0)
    late = served * (1 - share_within(timeout, wait, work.residence))
    return Served(served, waiting - served - left, left, late, wait, served * work.cpu)
