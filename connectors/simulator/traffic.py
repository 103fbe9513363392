"""The traffic model: one simulated second from state and levers to the next state and what it looks like.

Pure and deterministic: ``step(state, levers, crisis, t, seed)``. The second flows down the request path once, and what
lies further down is felt through last second's state (its hit share, its backlog), never by iterating.

The constants are plausible, not calibrated on any shop: shapes and orders of magnitude are what it is good for.

Success is *answered well / (all - limited)*: a 429 is an answer that was meant, so it is neither a success nor
a failure; it is shown apart. Each attempt counts, a retry too.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

from connectors.simulator import api, cache, database, gateway, orders, payments, users_cdn
from connectors.simulator.crisis import Crisis
from connectors.simulator.orders import Consumers
from connectors.simulator.tick import Levers

API, WORKERS, GATEWAY = "api", "workers", "gateway"  # the shop's workloads
DEFAULT_TTL = 60.0  # seconds; the application's own, where nobody configured one
SHORTEST_TTL = 1.0
WRITES = 2.0  # queries an order makes
QUERIES_A_MESSAGE = 1.0  # of a worker


@dataclass(frozen=True, slots=True)
class State:
    """Everything that one second leaves to the next."""

    edge: users_cdn.Edge
    store: cache.Store
    database: database.Database
    payments: payments.Payments
    orders: Consumers
    notifications: Consumers
    retries: float = 0.0
    queue: float = 0.0
    in_flight: float = 0.0
    consumed: float = 0.0  # orders, in the last second
    success: float = 1.0
    success_origin: float = 1.0


@dataclass(frozen=True, slots=True)
class Below:
    """The state of what lies behind the API, a second later."""

    payments: payments.Payments
    orders: Consumers
    notifications: Consumers


@dataclass(frozen=True, slots=True)
class Demand:
    """What the second's requests ask of the pods and of what lies behind them."""

    ordering: float  # share of requests that order something
    queries: float  # of the database, a request
    background: float  # queries a second, not of requests
    work: api.Work
    service: database.Service


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the requests that the API served. served = answered + late + lost + unpaid."""

    answered: float
    late: float  # done, but nobody waited any more
    lost: float  # the database did not answer
    unpaid: float  # the payment provider did not

    @property
    def failed(self) -> float:
        return self.late + self.lost + self.unpaid


@dataclass(frozen=True, slots=True)
class Second:
    """One second's flows, from the top of the path to its end."""

    arrivals: users_cdn.Arrivals
    admission: gateway.Admission
    demand: Demand
    served: api.Served
    outcome: Outcome
    calls: payments.Calls
    ordered: float
    consumed: float  # orders
    notified: float  # notifications consumed
    growth: float  # bytes that each ready API pod leaked

    @property
    def refused(self) -> float:
        """503 answers: shed by the gateway, or no room in the API's queue."""
        return self.admission.shed + self.served.overflow

    @property
    def errors(self) -> float:
        """5xx answers of the gateway."""
        return self.refused + self.outcome.failed

    @property
    def queries(self) -> float:
        """Queries of the database in this second."""
        return self.served.served * self.demand.queries + self.demand.background


def opened(workers: int) -> State:
    """A state near an ordinary day's, from which the history starts."""
    return State(
        edge=users_cdn.Edge(),
        store=cache.Store(),
        database=database.Database(),
        payments=payments.Payments(),
        orders=orders.opened(orders.ORDERS, workers),
        notifications=orders.opened(orders.NOTIFICATIONS, workers),
    )


def step(state: State, levers: Levers, crisis: Crisis, t: int, seed: int) -> tuple[State, Second]:
    """The next state, and the flows of second ``t`` that led to it."""
    arrivals = users_cdn.arrive(state.edge, users_cdn.users_at(seed, crisis, t), crisis)
    admission = gateway.admit(arrivals.origin, state.retries, levers.user_rate, api.strength(levers.pods_of(GATEWAY)))
    demand = _demand(state, levers, crisis, admission.admitted)
    served = api.serve(state.queue, admission.admitted, api.strength(levers.pods_of(API)), demand.work)
    paid, calls, outcome = _outcome(state, demand, served, crisis, t)
    ordered = outcome.answered * demand.ordering
    workers = levers.pods_of(WORKERS).ready
    ordering, consumed = orders.step(orders.ORDERS, state.orders, ordered, workers, t, crisis.poisoned > 0.5)
    notifying, notified = orders.step(orders.NOTIFICATIONS, state.notifications, consumed, workers, t)
    growth = api.growth_of(crisis.leak, served.served, levers.pods_of(API))
    second = Second(arrivals, admission, demand, served, outcome, calls, ordered, consumed, notified, growth)
    below = Below(paid, ordering, notifying)
    return _after(state, levers, crisis, second, below), second


def _demand(state: State, levers: Levers, crisis: Crisis, admitted: float) -> Demand:
    pods = api.strength(levers.pods_of(API))
    load = api.load_of(levers.features_off, state.in_flight, levers.pods_of(API))
    ordering = _order_share(levers, crisis)
    queries = load.lookups * (1 - state.store.hit_share * crisis.cache_ok) + ordering * WRITES
    background = state.consumed * QUERIES_A_MESSAGE
    wanted = min(state.queue + admitted, pods * api.CPU_LIMIT / load.cpu) * queries + background
    pool = database.pool_of(levers.pods_of(API).ready, levers.pods_of(WORKERS).ready)
    service = database.serve(state.database, wanted, pool, pods * api.THREADS, crisis)
    paying = ordering * payments.waits(state.payments, crisis)
    residence = load.cpu + api.OVERHEAD + queries * service.latency + paying
    return Demand(ordering, queries, background, api.Work(load.cpu, load.lookups, residence), service)


def _order_share(levers: Levers, crisis: Crisis) -> float:
    if levers.read_only or "checkout" in levers.features_off:
        return 0.0
    return orders.ORDER_SHARE * crisis.conversion


def _outcome(
    state: State, demand: Demand, served: api.Served, crisis: Crisis, t: int
) -> tuple[payments.Payments, payments.Calls, Outcome]:
    in_time = served.served - served.late
    lost = in_time * (1 - exp(-demand.service.gave_up * demand.queries))  # one read that gives up is enough
    paid, calls = payments.step(state.payments, (in_time - lost) * demand.ordering, crisis, t)
    unpaid = min(calls.wrong, in_time - lost)
    return paid, calls, Outcome(in_time - lost - unpaid, served.late, lost, unpaid)


def _after(state: State, levers: Levers, crisis: Crisis, second: Second, below: Below) -> State:
    served, service = second.served, second.demand.service
    success_origin = _share(second.outcome.answered, second.errors, state.success_origin)
    pods = levers.pods_of(API).ready + levers.pods_of(WORKERS).ready
    pool = database.pool_of(levers.pods_of(API).ready, levers.pods_of(WORKERS).ready)
    ttl = max(levers.ttl.get("catalog", DEFAULT_TTL), SHORTEST_TTL)
    lookups = served.served * second.demand.work.lookups * crisis.cache_ok
    fill = crisis.database_ok * (1 - service.gave_up)
    return State(
        edge=users_cdn.refreshed(state.edge, success_origin, served.wait + second.demand.work.residence),
        store=cache.step(state.store, lookups, ttl, service.latency, fill),
        database=database.after(state.database, service, pool, pods),
        payments=below.payments,
        orders=below.orders,
        notifications=below.notifications,
        retries=gateway.retried(second.errors, second.admission.limited),
        queue=served.queue,
        in_flight=served.queue
        + min(served.served * second.demand.work.residence, api.THREADS * levers.pods_of(API).ready),
        consumed=second.consumed,
        success=_user_success(second, success_origin, state.success),
        success_origin=success_origin,
    )


def _share(good: float, bad: float, before: float) -> float:
    """Share of good ones; where nothing ended in this second, what it was ``before``."""
    return good / (good + bad) if good + bad > 0 else before


def _user_success(second: Second, success_origin: float, before: float) -> float:
    """Of all that users asked for and were not limited in: CDN hits are good, who waited shared another's fate."""
    arrivals = second.arrivals
    shared = arrivals.waiting + arrivals.origin * (1 - second.admission.limited_share)
    good = arrivals.hits + shared * success_origin
    return _share(good, shared * (1 - success_origin) + arrivals.unresolved, before)
