"""The API pods and the queue in front of them: equations 4 and 5, and the memory of 11.

Capacity is the smaller of what the CPUs and what the threads allow. Slow dependencies hold threads while the CPU
idles, so an autoscaler that looks at CPU does nothing: the trap that this model is there to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.simulator.queueing import mean_wait, share_within
from connectors.simulator.tick import Pods

CPU_REQUEST = 0.5  # cores a pod
CPU_LIMIT = 1.0
MEMORY_LIMIT = 512 * 2**20  # bytes a pod
MEMORY_BASE = 180 * 2**20
MEMORY_REQUEST = 2**20  # bytes of a request in flight
THREADS = 50  # a pod
WAITING = 100  # requests that may wait a pod
OVERHEAD = 0.001  # seconds of a request outside of the CPU and the dependencies
TIMEOUT = 3.0  # seconds until the gateway gives up; the work is done all the same


@dataclass(frozen=True, slots=True)
class Feature:
    """What a feature costs each request while it is on."""

    cpu: float  # seconds
    lookups: float  # in the cache


BASE = Feature(cpu=0.0017, lookups=2.0)
FEATURES: Mapping[str, Feature] = {
    "recommendations": Feature(cpu=0.0006, lookups=1.5),
    "reviews": Feature(cpu=0.0005, lookups=1.0),
    "search_suggest": Feature(cpu=0.0004, lookups=0.5),
    "search": Feature(cpu=0.0005, lookups=0.7),
    "wishlist": Feature(cpu=0.0002, lookups=0.3),
    "checkout": Feature(cpu=0.0003, lookups=0.0),
}


@dataclass(frozen=True, slots=True)
class Work:
    """What one request costs a pod and its dependencies."""

    cpu: float  # seconds
    lookups: float
    residence: float  # seconds a thread is held


@dataclass(frozen=True, slots=True)
class Served:
    """One second of the API. queue + admitted = served + overflow + the new queue."""

    served: float  # done, some of them too late
    overflow: float  # answered 503: the queue is full
    queue: float  # waiting afterwards
    late: float  # of those served: the gateway had given up
    wait: float  # seconds before a thread took the request
    cpu: float  # cores in use


def load_of(features_off: frozenset[str], in_flight: float, pods: Pods) -> Feature:
    """CPU seconds and look-ups of a request with these features off; the collector costs more in a full heap."""
    on = [feature for name, feature in FEATURES.items() if name not in features_off]
    heap = memory_of(in_flight, pods) / MEMORY_LIMIT
    cpu = BASE.cpu + sum(feature.cpu for feature in on)
    return Feature(cpu * (1 + max(heap - 0.8, 0.0)), BASE.lookups + sum(feature.lookups for feature in on))


def memory_of(in_flight: float, pods: Pods) -> float:
    """Bytes a ready pod holds on average, what it leaked included, up to its limit."""
    held = in_flight / pods.ready if pods.ready > 0 else 0.0
    return min(MEMORY_BASE + held * MEMORY_REQUEST + pods.leaked, float(MEMORY_LIMIT))


def growth_of(leak: float, served: float, pods: Pods) -> float:
    """Bytes that each ready pod's memory grows by when all of them serve ``served`` requests."""
    return leak * served / pods.ready if pods.ready > 0 else 0.0


def strength(pods: Pods) -> float:
    """Ready pods, cold ones at half."""
    return max(pods.ready - pods.cold / 2, 0.0)


def capacity(pods: float, work: Work) -> float:
    """Requests a second that CPUs and threads allow."""
    return min(pods * CPU_LIMIT / work.cpu, pods * THREADS / work.residence)


def serve(queue: float, admitted: float, pods: float, work: Work) -> Served:
    """One second of ``admitted`` requests behind a queue, on ``pods`` at full strength."""
    able = capacity(pods, work)
    waiting = queue + admitted
    served = min(waiting, able)
    left = min(waiting - served, pods * WAITING)
    wait = mean_wait(admitted, able, pods) + (left / able if able > 0 else 0.0)
    late = served * (1 - share_within(TIMEOUT, wait, work.residence))
    return Served(served, waiting - served - left, left, late, wait, served * work.cpu)
