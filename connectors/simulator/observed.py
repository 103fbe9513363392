"""What one second looks like from outside: gauges, counters and the histograms' buckets, by the model's own names.

Counters are floats, so that a rate of 0.3 a second is one; exporters and wires round where theirs are whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from connectors.simulator import api, cache, database, orders, payments
from connectors.simulator.noise import noise
from connectors.simulator.queueing import share_within
from connectors.simulator.tick import Levers, Tick, Usage
from connectors.simulator.traffic import API, GATEWAY, WORKERS, Second, State

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds; the Go client's default
WORKER_MEMORY = 210 * 2**20  # bytes a pod
GATEWAY_MEMORY = 96 * 2**20
WEB, WEB_CPU, WEB_MEMORY = "web", 0.1, 96 * 2**20  # it serves what the CDN did not keep, which is next to nothing
GATEWAY_CPU = 0.0001  # CPU seconds a request
GATEWAY_CPU_REQUEST = 0.25  # cores a pod
DNS_SECONDS = 0.012

Counters = Mapping[str, float]


def tick_of(before: State, after: State, second: Second, levers: Levers, counters: Counters, t: int, seed: int) -> Tick:
    """The second ``t`` that led from one state to the next. ``counters`` are last second's."""
    counted = increments(second, levers)
    return Tick(
        t=t,
        cache=cache.shown(after.store, before.store, levers.pods_of(API).ready + levers.pods_of(WORKERS).ready),
        groups=(
            orders.shown(orders.ORDERS, after.orders, t),
            orders.shown(orders.NOTIFICATIONS, after.notifications, t),
        ),
        usage=usage(after, second, levers),
        success=after.success,
        success_origin=after.success_origin,
        gauges=gauges(after, second, levers, t, seed),
        counters={name: counters.get(name, 0.0) + more for name, more in counted.items()},
    )


def usage(state: State, second: Second, levers: Levers) -> dict[str, Usage]:
    """What the pods of each workload use."""
    pods, workers, gateways = levers.pods_of(API), levers.pods_of(WORKERS), levers.pods_of(GATEWAY)
    memory = api.memory_of(state.in_flight, pods)
    return {
        API: Usage(
            cpu=second.served.cpu / (pods.ready * api.CPU_REQUEST) if pods.ready else 0.0,
            memory=memory,
            leaked=memory - api.memory_of(state.in_flight, replace(pods, leaked=0.0)),
            growth=second.growth,
        ),
        WORKERS: Usage(worker_cpu(second, workers.ready), float(WORKER_MEMORY)),
        GATEWAY: Usage(gateway_cpu(second, gateways.ready), float(GATEWAY_MEMORY)),
        WEB: Usage(WEB_CPU, float(WEB_MEMORY)),
    }


def worker_cpu(second: Second, ready: int) -> float:
    """Share of their CPU request that ready workers use: nearly all of it when they work at their budget."""
    busy = second.consumed / orders.ORDERS.budget + second.notified / orders.NOTIFICATIONS.budget
    return 0.05 + 0.45 * busy / ready if ready else 0.0


def gateway_cpu(second: Second, ready: int) -> float:
    """Share of their CPU request that ready gateway pods use."""
    return second.admission.offered * GATEWAY_CPU / (ready * GATEWAY_CPU_REQUEST) if ready else 0.0


def gauges(state: State, second: Second, levers: Levers, t: int, seed: int) -> dict[str, float]:
    """States that are read as they are, not counted."""
    return {
        "users.rate": second.arrivals.users,
        "users.waiting": second.arrivals.waiting,
        "cdn.hit_rate": second.arrivals.hit_rate,
        "dns.ok": float(second.arrivals.unresolved * 2 <= second.arrivals.users),
        "dns.lookup": DNS_SECONDS * (1 + 0.2 * noise(seed, "dns", t)),
        "gateway.offered": second.admission.offered,
        "gateway.retries": state.retries,
        "gateway.cpu": gateway_cpu(second, levers.pods_of(GATEWAY).ready),
        "api.capacity": api.capacity(api.strength(levers.pods_of(API)), second.demand.work),
        "api.queue": state.queue,
        "api.wait": second.served.wait,
        "database.connections": state.database.connections,
        "database.busy": second.demand.service.in_flight,
        "database.max": float(database.MAX_CONNECTIONS),
        "database.latency": second.demand.service.latency,
        "database.full": float(state.database.full),
        "payments.open": float(state.payments.opens_again is not None),
        "payments.queued": state.payments.queued,
        "payments.latency": second.calls.latency,
        "orders.lag": state.orders.lag,
        "notifications.lag": state.notifications.lag,
    }


def increments(second: Second, levers: Levers) -> dict[str, float]:
    """What the counters grew by in this second; always the same names."""
    outcome, calls = second.outcome, second.calls
    busy = min(second.demand.service.in_flight / database.CURVE.best, 1.0)  # share of the database's cores
    return {
        "users": second.arrivals.users,
        "cdn.hit": second.arrivals.hits,
        "cdn.miss": second.arrivals.waiting + second.arrivals.origin,
        "gateway.200": outcome.answered,
        "gateway.429": second.admission.limited,
        "gateway.500": outcome.lost + outcome.unpaid,
        "gateway.503": second.refused,
        "gateway.504": outcome.late,
        **_gateway_buckets(second),
        "payments.200": calls.answered,
        "payments.429": calls.refused,
        "payments.500": calls.failed,
        **_payment_buckets(calls),
        "gateway.cpu": second.admission.offered * GATEWAY_CPU if levers.pods_of(GATEWAY).ready else 0.0,
        "api.cpu": second.served.cpu,
        "workers.cpu": worker_cpu(second, levers.pods_of(WORKERS).ready)
        * api.CPU_REQUEST
        * levers.pods_of(WORKERS).ready,
        "database.queries": second.queries,
        "database.seconds": second.queries * second.demand.service.latency,
        "database.gave_up": second.queries * second.demand.service.gave_up,
        "database.user": busy,
        "database.idle": 1.0 - busy,
        "orders.produced": second.ordered,
        "orders.consumed": second.consumed,
        "notifications.consumed": second.notified,
        "dead_letters": second.consumed * second.demand.service.gave_up,  # a worker tries an order once
    }


def _gateway_buckets(second: Second) -> dict[str, float]:
    """Answers within each bound. A refusal takes no time; who was given up on took the gateway's time-out."""
    quick = second.refused + second.admission.limited
    served, wait, residence = second.served.served, second.served.wait, second.demand.work.residence
    within = {
        f"gateway.le.{bound}": quick + served * (share_within(bound, wait, residence) if bound < api.TIMEOUT else 1.0)
        for bound in BUCKETS
    }
    in_time = served - second.served.late
    seconds = in_time * min(wait + residence, api.TIMEOUT) + second.served.late * api.TIMEOUT
    return {**within, "gateway.le.+Inf": quick + served, "gateway.seconds": seconds}


def _payment_buckets(calls: payments.Calls) -> dict[str, float]:
    """A call takes at least 0.6 of its mean, and an exponential time beyond that."""
    made, least = calls.answered + calls.wrong, 0.6 * calls.latency
    within = {
        f"payments.le.{bound}": made * share_within(bound, least, calls.latency - least) if made else 0.0
        for bound in BUCKETS
    }
    return {**within, "payments.le.+Inf": made, "payments.seconds": made * calls.latency}
