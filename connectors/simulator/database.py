"""The database and its connection pools: equation 8.

Throughput follows the universal scalability law and turns retrograde: beyond its best number of connections
each further one makes it slower. The pools grow with the pods, so scaling the API up takes an overloaded
database further down. Once the pools are full they stay full until demand falls under what full pools manage.
"""

from __future__ import annotations

from dataclasses import dataclass

from connectors.simulator.crisis import Crisis
from connectors.simulator.queueing import Scalability

MAX_CONNECTIONS = 300
API_POOL = 10  # connections a pod may open
WORKER_POOL = 5
IDLE = 2  # connections a pod keeps open
IDLE_SECONDS = 60.0  # an idle connection beyond these is closed after about this time
QUERY = 0.019  # seconds, alone
DEAD = 1e-6  # of its strength: below it nothing is answered at all
PATIENCE = 2.0  # seconds a request waits for a connection
CURVE = Scalability(single=1 / QUERY, contention=0.01, coherence=0.99 / 80**2)  # best at 80 connections


@dataclass(frozen=True, slots=True)
class Database:
    """The database's state."""

    full: bool = False  # all pools are taken and requests wait for a connection
    connections: float = 0.0  # open, idle ones included


@dataclass(frozen=True, slots=True)
class Service:
    """What the database does this second for a demand."""

    latency: float  # seconds a query takes, the wait for a connection included
    in_flight: float
    gave_up: float  # share of the queries that got no connection in time, 0..1
    full: bool


def pool_of(api_pods: int, worker_pods: int) -> int:
    """Connections that all pools may open together, under the database's own limit."""
    return min(MAX_CONNECTIONS, API_POOL * api_pods + WORKER_POOL * worker_pods)


def serve(database: Database, demand: float, pool: int, threads: float, crisis: Crisis) -> Service:
    """The answer to ``demand`` queries a second from ``threads`` concurrent callers.

    Latency of a full database is Little's law over the callers: they are all waiting in it.
    """
    health = crisis.database_ok / crisis.database_slow
    health = health if health > DEAD else 0.0
    best = CURVE.throughput(min(pool, CURVE.best)) * health
    worst = CURVE.throughput(pool) * health
    if demand <= 0:
        return Service(QUERY * crisis.database_slow, 0.0, 0.0, full=False)
    if demand > (worst if database.full else best):
        return _full(demand, pool, threads, worst)
    busy = min(CURVE.workers_for(demand / health), pool)
    return Service(busy / demand, busy, 0.0, full=False)


def _full(demand: float, pool: int, threads: float, rate: float) -> Service:
    longest = PATIENCE + (pool / rate if rate > 0 else 0.0)
    latency = min(threads / rate, longest) if rate > 0 and threads > 0 else longest
    asked = min(demand, threads / latency)
    gave_up = 1 - rate / asked if asked > rate else 0.0
    return Service(latency, pool, gave_up, full=True)


def after(database: Database, service: Service, pool: int, pods: int) -> Database:
    """The database a second later: idle connections are closed slowly, needed ones are opened at once."""
    wanted = max(service.in_flight, float(min(IDLE * pods, pool)))
    fading = database.connections - (database.connections - wanted) / IDLE_SECONDS
    return Database(service.full, min(max(wanted, fading), float(max(pool, 1))))
