"""Backend services: what the fronts call, with pods and threads of their own.

A service that is too slow or too small lets its callers wait until their timeout, and they hold their own threads
meanwhile. Who can do without it answers without it; a breaker spares both the waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from connectors.simulator.architecture import Service
from connectors.simulator.now import Now
from connectors.simulator.queueing import mean_wait, share_within

SLOW = 1.0  # seconds; a breaker counts a slower call as a failure


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service does this second for its callers."""

    calls: float
    latency: float  # seconds that a caller waits, on average, whatever comes of it
    failed: float  # share of the calls that get no answer in time, 0..1
    slow: float  # share of the calls that a breaker counts as failures
    busy: float  # share of its threads that are held, 0..1


def serve(service: Service, calls: float, slow: float, now: Now) -> Answer:
    """The answer to ``calls`` a second; ``slow`` is the factor on its time for a call."""
    pods, work = now.strength(service.workload), service.work * slow
    threads = pods * service.threads
    able = min(threads / work, pods * now.plant.workload(service.workload).cpu_limit / service.cpu)
    if calls > able:
        failed = 1 - able / calls
        return Answer(calls, service.timeout, failed, 1.0, 1.0)
    wait = mean_wait(calls, able, threads)
    failed = 1 - share_within(service.timeout, wait, work)
    late = 1 - share_within(SLOW, wait, work)
    latency = min(wait + work * (1 - exp(-service.timeout / work)), service.timeout)
    return Answer(calls, latency, failed, max(failed, late), calls / able if able > 0 else 0.0)
