"""One server of the database and its connection pools: equation 8.

Throughput follows the universal scalability law and turns retrograde: beyond its best number of connections
each further one makes it slower. The pools grow with the pods, so scaling the API up takes an overloaded
database further down. Once the pools are full they stay full until demand falls under what full pools manage.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp

from connectors.simulator.architecture import Database
from connectors.simulator.queueing import Scalability

IDLE = 2  # connections a pod keeps open
IDLE_SECONDS = 60.0  # an idle connection beyond these is closed after about this time
DEAD = 1e-6  # of its strength: below it nothing is answered at all
PATIENCE = 2.0  # seconds a request waits for a connection


@lru_cache(maxsize=64)
def curve_of(database: Database) -> Scalability:
    """Throughput of one server over its busy connections."""
    coherence = (1 - database.contention) / database.best**2
    return Scalability(single=1 / database.query, contention=database.contention, coherence=coherence)


@dataclass(frozen=True, slots=True)
class Server:
    """The state of one server."""

    full: bool = False  # all pools are taken and requests wait for a connection
    connections: float = 0.0  # open, idle ones included


UNUSED = Server()


@dataclass(frozen=True, slots=True)
class Load:
    """What one second asks of a server, and what it has to give."""

    demand: float  # queries a second
    pool: float  # connections that all pools may open together
    threads: float  # callers at a time
    health: float = 1.0  # share of its strength that is there
    statement_timeout: float | None = None  # seconds


@dataclass(frozen=True, slots=True)
class Service:
    """What the server does this second for a demand."""

    latency: float  # seconds a query takes, the wait for a connection included
    in_flight: float
    gave_up: float  # share of the queries that got no connection in time, or no answer, 0..1
    full: bool


def serve(database: Database, server: Server, load: Load) -> Service:
    """The answer to a second's load.

    Latency of a full database is Little's law over the callers: they are all waiting in it.
    """
    curve = curve_of(database)
    health = load.health if load.health > DEAD else 0.0
    best = curve.throughput(min(load.pool, curve.best)) * health
    worst = curve.throughput(load.pool) * health
    if load.demand <= 0:
        return Service(database.query / max(health, database.query / PATIENCE), 0.0, 0.0, full=False)
    if load.demand > (worst if server.full else best):
        return _full(load, worst)
    busy = min(curve.workers_for(load.demand / health), load.pool)
    return _ended(Service(busy / load.demand, busy, 0.0, full=False), load.statement_timeout)


def _full(load: Load, rate: float) -> Service:
    longest = PATIENCE + (load.pool / rate if rate > 0 else 0.0)
    latency = min(load.threads / rate, longest) if rate > 0 and load.threads > 0 else longest
    asked = min(load.demand, load.threads / latency)
    gave_up = 1 - rate / asked if asked > rate else 0.0
    return Service(latency, load.pool, gave_up, full=True)


def _ended(service: Service, timeout: float | None) -> Service:
    """The same, where queries that take longer than the timeout (an exponential time) are ended."""
    if timeout is None or service.latency <= 0:
        return service
    ended = exp(-timeout / service.latency)
    return Service(service.latency * (1 - ended), service.in_flight * (1 - ended), ended, service.full)


def after(server: Server, service: Service, pool: float, pods: int) -> Server:
    """The server a second later: idle connections are closed slowly, needed ones are opened at once."""
    wanted = max(service.in_flight, min(float(IDLE * pods), pool))
    fading = server.connections - (server.connections - wanted) / IDLE_SECONDS
    return Server(service.full, min(max(wanted, fading), max(pool, 1.0)))
